//! The whole product end to end: the real application on the virtual plant, over real sockets, on a
//! clock that the test moves.

mod adversary;
mod adversary_office;
mod areas;
mod areas_link;
mod areas_office;
mod backup;
mod backup_job;
mod backup_start;
mod bad_day;
mod bad_start;
mod disk_full;
mod doctor;
mod doctor_bare;
mod four_eyes;
mod lock;
mod lock_guess;
mod main_job;
mod order_life;
mod people;
mod people_managed;
mod posting;
mod posting_already;
mod posting_done;
mod posting_gate;
mod record;
mod secrets;
mod settings;
mod sign;
mod standard_job;
mod trail;
mod trail_acts;
mod trail_export;
mod training;
mod truth;
