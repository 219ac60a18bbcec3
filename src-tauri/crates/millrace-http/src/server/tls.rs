//! The certificate that browsers are shown. Leaves out making one, and whom we trust as a client.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why there can be no TLS. Displays one sentence that names the file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or is not what it should be.
    #[error("{what} {path} cannot be used: {why}")]
    File {
        /// Which of the two.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Certificate and key do not belong together.
    #[error("the certificate and the key do not work together: {0}")]
    Pair(#[from] tokio_rustls::rustls::Error),
}

/// TLS 1.2 and 1.3 with a certificate chain and its key, both PEM.
///
/// # Errors
/// [`TlsError`]; also when others than its owner may read the key.
pub(super) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let wrong = |what, path: &Path, why: String| TlsError::File {
        what,
        path: path.to_path_buf(),
        why,
    };
    let of_chain = |why: String| wrong("the certificate", certificate, why);
    let of_key = |why: String| wrong("the key", key, why);
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| of_chain(error.to_string()))?;
    if chain.is_empty() {
        return Err(of_chain("it holds no certificate in PEM form".into()));
    }
    private(key).map_err(of_key)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| of_key(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, secret)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Refuses a key that others than its owner may read.
#[cfg(unix)]
fn private(key: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(key)
        .map_err(|error| error.to_string())?
        .permissions()
        .mode()
        & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!(
        "others may read it (mode {mode:o}): chmod 600 {}",
        key.display()
    ))
}

/// Rights of files are the system's affair here.
#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), String> {
    Ok(())
}
