//! The running virtual ERP: the book and the faults behind their locks, the state file, and the
//! HTTP server on a listener that the caller bound.
//! Leaves out the routes (`route.rs`, `sim.rs`).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::OdooError;
use super::book::{NewOrder, OdooBook};
use super::cut::{CutHandle, CuttingListener};
use super::demo::demo_orders;
use super::edit::OrderEdit;
use super::fault::{CallKind, FaultChange, Faults, Hit};
use super::route::router;
use super::standard::{OdooVersion, StandardSetup};
use super::view::BookView;

/// Whom the virtual ERP lets in, and where it keeps its books.
#[derive(Clone)]
pub struct OdooConfig {
    /// The database's name.
    pub db: String,
    /// The user that may log in.
    pub login: String,
    /// That user's password.
    pub password: String,
    /// Where the book lives; `None` keeps it in memory.
    pub state_file: Option<PathBuf>,
    /// Which Odoo the standard API behaves as, at first.
    pub version: OdooVersion,
    /// The key that `/json/2` takes; `None` takes the password there, too.
    pub api_key: Option<String>,
}

impl std::fmt::Debug for OdooConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OdooConfig")
            .field("db", &self.db)
            .field("login", &self.login)
            .field("password", &"***")
            .field("state_file", &self.state_file)
            .field("version", &self.version)
            .finish()
    }
}

/// The virtual ERP that routes share.
#[derive(Debug)]
pub struct VirtualOdoo {
    config: OdooConfig,
    book: Mutex<OdooBook>,
    faults: Mutex<Faults>,
    standard: Mutex<StandardSetup>,
    /// True while requests are held.
    hold: watch::Sender<bool>,
    /// Requests that are held now.
    held: watch::Sender<usize>,
}

/// What a request waits for before it is worked on.
pub(super) struct Pause {
    delay_ms: u64,
    odoo: Arc<VirtualOdoo>,
}

impl Pause {
    /// Waits until nobody holds requests any more, and then as long as was ordered.
    pub(super) async fn over(self) {
        let mut hold = self.odoo.hold.subscribe();
        if *hold.borrow_and_update() {
            self.odoo.held.send_modify(|count| *count += 1);
            // The sender lives as long as we do.
            let _gone = hold.wait_for(|is_held| !is_held).await;
            self.odoo.held.send_modify(|count| *count -= 1);
        }
        tokio::time::sleep(Duration::from_millis(self.delay_ms)).await;
    }
}

impl VirtualOdoo {
    /// Opens the book from the state file, or a fresh one with the demo orders.
    ///
    /// # Errors
    /// [`OdooError`] when the state file is unreadable or the demo orders are wrong.
    pub fn open(config: OdooConfig) -> Result<Arc<VirtualOdoo>, OdooError> {
        let kept = match &config.state_file {
            Some(path) => OdooBook::load(path)?,
            None => None,
        };
        match kept {
            Some(book) => Ok(VirtualOdoo::with_book(config, book)),
            None => {
                let book = OdooBook::with_orders(demo_orders()?)?;
                if let Some(path) = &config.state_file {
                    book.save(path)?;
                }
                Ok(VirtualOdoo::with_book(config, book))
            }
        }
    }

    /// A virtual ERP over a given book; the state file is not read.
    #[must_use]
    pub fn with_book(config: OdooConfig, book: OdooBook) -> Arc<VirtualOdoo> {
        Arc::new(VirtualOdoo {
            standard: Mutex::new(StandardSetup {
                version: config.version,
                ..StandardSetup::default()
            }),
            config,
            book: Mutex::new(book),
            faults: Mutex::new(Faults::default()),
            hold: watch::Sender::new(false),
            held: watch::Sender::new(0),
        })
    }

    /// The book as a test sees it.
    #[must_use]
    pub fn view(&self) -> BookView {
        self.book().view()
    }

    /// Puts a confirmed order into the book.
    ///
    /// # Errors
    /// [`OdooError::Duplicate`], or the state file could not be written.
    pub fn add_order(&self, order: NewOrder) -> Result<(), OdooError> {
        self.change(|book| book.add(order).map(|_| ()))?
    }

    /// Edits an order as a person does in the ERP's own screens.
    ///
    /// # Errors
    /// [`OdooError::Unknown`], or the state file could not be written.
    pub fn edit_order(&self, edit: OrderEdit) -> Result<(), OdooError> {
        self.change(|book| book.edit(edit))?
    }

    /// Orders faults, and returns those that wait now.
    ///
    /// # Errors
    /// The state file could not be written.
    pub fn set_faults(&self, change: &FaultChange) -> Result<Faults, OdooError> {
        if change.expire_sessions {
            self.change(OdooBook::expire_sessions)?;
        }
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.change(change);
        self.hold.send_replace(faults.hold);
        Ok(faults.clone())
    }

    /// Back to the demo orders, without faults, sessions, moves or logs.
    ///
    /// # Errors
    /// The state file could not be written.
    pub fn reset(&self) -> Result<(), OdooError> {
        let fresh = OdooBook::with_orders(demo_orders()?)?;
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = Faults::default();
        self.hold.send_replace(false);
        self.change(|book| *book = fresh)
    }

    /// Makes the standard API behave as another version, or forbid something.
    pub fn set_standard(&self, setup: StandardSetup) {
        *self.standard.lock().unwrap_or_else(PoisonError::into_inner) = setup;
    }

    /// How the standard API behaves now.
    #[must_use]
    pub fn standard(&self) -> StandardSetup {
        self.standard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn config(&self) -> &OdooConfig {
        &self.config
    }

    pub(super) fn book(&self) -> MutexGuard<'_, OdooBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the book and has it on disk before the caller can answer anyone.
    pub(super) fn change<T>(&self, act: impl FnOnce(&mut OdooBook) -> T) -> Result<T, OdooError> {
        let mut book = self.book();
        let outcome = act(&mut book);
        if let Some(path) = &self.config.state_file {
            book.save(path)?;
        }
        Ok(outcome)
    }

    /// As a transaction: when `act` fails, nothing has changed.
    pub(super) fn try_change<T, E>(
        &self,
        act: impl FnOnce(&mut OdooBook) -> Result<T, E>,
    ) -> Result<Result<T, E>, OdooError> {
        self.change(|book| {
            let mut draft = book.clone();
            let outcome = act(&mut draft);
            if outcome.is_ok() {
                *book = draft;
            }
            outcome
        })
    }

    /// The fault for one request, and how long it has to wait.
    pub(super) fn take_fault(self: &Arc<Self>, kind: CallKind) -> (Hit, Pause) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = Pause {
            delay_ms: faults.delay_ms,
            odoo: Arc::clone(self),
        };
        (faults.take(kind), pause)
    }

    /// Waits until a request is held (see [`FaultChange::hold`]).
    pub async fn until_held(&self) {
        let mut held = self.held.subscribe();
        // The sender lives as long as we do.
        let _gone = held.wait_for(|count| *count > 0).await;
    }
}

/// Serves the virtual ERP until `shutdown` turns true.
///
/// # Errors
/// Whatever the listener reports.
pub async fn serve(
    listener: TcpListener,
    odoo: Arc<VirtualOdoo>,
    shutdown: watch::Receiver<bool>,
) -> std::io::Result<()> {
    serve_router(listener, router(odoo), shutdown).await
}

/// As [`serve`], for a router that other routes were merged into. Only over this listener can the
/// faults cut a connection.
///
/// # Errors
/// Whatever the listener reports.
pub async fn serve_router(
    listener: TcpListener,
    app: Router,
    mut shutdown: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let app = app.into_make_service_with_connect_info::<CutHandle>();
    axum::serve(CuttingListener(listener), app)
        .with_graceful_shutdown(async move {
            // A dropped sender means that nobody can stop us any more: stop.
            let _ended = shutdown.wait_for(|stop| *stop).await;
        })
        .await
}
