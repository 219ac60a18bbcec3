//! What a plant is started with: addresses, speed, seed, map, and whom its ERP lets in.
//! Leaves out the start itself (`run`).

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::civil::DateTime;

/// What the demo ERP's one user is called, in which database.
const ODOO_DB: &str = "demo";
const ODOO_LOGIN: &str = "scada";
const ODOO_PASSWORD: &str = "scada-demo";

/// What to start, and where.
#[derive(Debug, Clone)]
pub struct PlantConfig {
    /// Where the PLC listens (UDP). Port 0 takes a free one.
    pub fins: SocketAddr,
    /// Where the PLC listens for FINS/TCP besides. Port 0 takes a free one, `None` does not listen.
    pub fins_tcp: Option<SocketAddr>,
    /// Where the PLC listens for Modbus TCP besides. As `fins_tcp`.
    pub modbus: Option<SocketAddr>,
    /// Where the ERP listens (HTTP). Port 0 takes a free one.
    pub odoo: SocketAddr,
    /// Where the `/plant/*` routes listen; `None` puts them beside the ERP's.
    pub control: Option<SocketAddr>,
    /// Folder of the state files, which is made when missing; `None` keeps all in memory.
    pub state_dir: Option<PathBuf>,
    /// Plant seconds per real second; 0 leaves the clock to [`crate::RunningPlant::advance`].
    pub speed: f64,
    /// Seed of the physics. A saved plant keeps its own.
    pub seed: u64,
    /// Real milliseconds between two ticks.
    pub tick_ms: u64,
    /// The register map's text; `None` takes the demo mill's.
    pub map: Option<String>,
    /// Finished batches report a weight.
    pub reports_weight: bool,
    /// The ERP's database, user and password.
    pub odoo_login: OdooLogin,
    /// The plant's local date and time at the start, which the PLC stamps failures with; `None` takes
    /// a fixed one.
    pub date: Option<DateTime>,
    /// Products that may be weighed by hand, number and name; empty takes one of no meaning.
    pub hand_products: Vec<(u16, String)>,
}

/// Whom the virtual ERP lets in.
#[derive(Clone)]
pub struct OdooLogin {
    /// Database.
    pub db: String,
    /// User.
    pub login: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for OdooLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OdooLogin({} in {}, ***)", self.login, self.db)
    }
}

impl Default for OdooLogin {
    fn default() -> Self {
        OdooLogin {
            db: ODOO_DB.to_owned(),
            login: ODOO_LOGIN.to_owned(),
            password: ODOO_PASSWORD.to_owned(),
        }
    }
}

impl Default for PlantConfig {
    /// Free loopback ports, nothing kept, real speed.
    fn default() -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        PlantConfig {
            fins: loopback,
            fins_tcp: None,
            modbus: None,
            odoo: loopback,
            control: None,
            state_dir: None,
            speed: 1.0,
            seed: 1,
            tick_ms: 100,
            map: None,
            reports_weight: true,
            odoo_login: OdooLogin::default(),
            date: None,
            hand_products: Vec::new(),
        }
    }
}
