//! Where files go: the XDG folders, or what the command line says. Leaves out making them.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::cli::Cli;
use crate::launch::{Exit, FAULT};

/// The folders of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// The configuration file.
    pub(crate) config: PathBuf,
    /// The database's folder; a demo has its own in it.
    pub(crate) data: PathBuf,
    /// The log files' folder.
    pub(crate) log: PathBuf,
}

impl Places {
    /// The folders that the command line names, and the user's own for the rest.
    pub(crate) fn of(cli: &Cli) -> Result<Places, Exit> {
        Places::choose(
            cli.config.as_deref(),
            cli.data_dir.as_deref(),
            ProjectDirs::from("", "", "millrace").as_ref(),
        )
    }

    /// The user's own folders.
    pub(crate) fn own() -> Result<Places, Exit> {
        Places::choose(None, None, ProjectDirs::from("", "", "millrace").as_ref())
    }

    fn choose(
        config: Option<&Path>,
        data: Option<&Path>,
        own: Option<&ProjectDirs>,
    ) -> Result<Places, Exit> {
        let homeless = || Exit {
            code: FAULT,
            message: "This user has no home folder: say with --data-dir where the database goes, \
                      and with --config where the configuration is."
                .to_owned(),
        };
        let config = match (config, own) {
            (Some(config), _) => config.to_owned(),
            (None, Some(own)) => own.config_dir().join("config.toml"),
            // A demo needs none; a plant's start then says that this file is missing.
            (None, None) => PathBuf::from("config.toml"),
        };
        // One option moves all that a run writes, so that two runs beside each other never mix.
        let (data, log) = match data {
            Some(data) => (data.to_owned(), data.join("log")),
            None => {
                let own = own.ok_or_else(homeless)?;
                let state = own.state_dir().unwrap_or(own.data_local_dir());
                (own.data_dir().to_owned(), state.join("log"))
            }
        };
        Ok(Places { config, data, log })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_takes_the_log_too() {
        let places = Places::choose(None, Some(Path::new("/d")), None).expect("all is named");
        assert_eq!(places.data, Path::new("/d"));
        assert_eq!(places.log, Path::new("/d/log"));
    }

    #[test]
    fn without_a_home_and_without_a_folder_a_sentence_says_what_to_do() {
        let exit = Places::choose(None, None, None).expect_err("there is no place");
        assert!(exit.message.contains("--data-dir"), "{exit}");
    }
}
