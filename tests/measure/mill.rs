//! What every measurement runs against: a virtual plant in this process, so that the measured one
//! holds none, and the folder of a configuration that leads to it. Leaves out what is measured.

use std::path::{Path, PathBuf};

use millrace_core::ids::SlotNo;
use millrace_core::registers::RegisterMap;
use millrace_plant::run::OdooLogin;
use millrace_plant::{PlantConfig, RunningPlant};

use crate::Failure;

const REGISTERS: &str = include_str!("../../assets/registers/demo.toml");
const SILOS: &str = include_str!("../../assets/demo/silos.toml");
const SEED: u64 = 20_261_122;
/// Plant seconds per real second: slow, so that one batch doses throughout.
const SPEED: f64 = 0.2;

/// The plant and the folder.
#[derive(Debug)]
pub(crate) struct Mill {
    pub(crate) plant: RunningPlant,
    folder: tempfile::TempDir,
}

impl Mill {
    pub(crate) async fn start() -> Result<Mill, Failure> {
        let plant = millrace_plant::start(PlantConfig {
            speed: SPEED,
            seed: SEED,
            ..PlantConfig::default()
        })
        .await?;
        // Beside the build, since a temporary folder is often in memory.
        let folder = tempfile::tempdir_in(build_folder()?)?;
        std::fs::write(folder.path().join("registers.toml"), REGISTERS)?;
        std::fs::write(folder.path().join("silos.toml"), SILOS)?;
        let login = OdooLogin::default();
        // All that is not named here stands as the program brings it.
        let text = format!(
            "silos = \"silos.toml\"\n[site]\nkey = \"north\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n\
             [plc]\nregisters = \"registers.toml\"\n[plc.driver]\nkind = \"fins_udp\"\naddress = \"{}\"\nnode_local = 1\nnode_plc = 2\n\
             [erp.connector]\nkind = \"odoo_addon\"\nurl = \"{}\"\ndatabase = \"{}\"\nlogin = \"{}\"\npassword = \"{}\"\n",
            plant.fins(),
            plant.odoo_url(),
            login.db,
            login.login,
            login.password,
        );
        std::fs::write(folder.path().join("config.toml"), text)?;
        println!("seed {SEED}, plant at {SPEED} of real speed");
        Ok(Mill { plant, folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// Where the books lie that a batch runs in.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

/// Where the first slot begins, and how many words it has.
pub(crate) fn first_slot() -> Result<(u16, u16), Failure> {
    let map = RegisterMap::parse(REGISTERS)?;
    Ok((map.read_base(SlotNo(1)), map.block_words()))
}

/// The folder that this program was built into.
fn build_folder() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    Ok(own
        .parent()
        .ok_or("this program lies in no folder")?
        .to_owned())
}

/// A program that was built beside this one.
pub(crate) fn beside(name: &str) -> Result<PathBuf, Failure> {
    Ok(build_folder()?.join(name))
}
