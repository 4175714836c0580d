//! Pages.
pub mod assets;
pub mod decision;
pub mod difference;
pub mod form;
pub mod frame;
pub mod parts;
pub mod time;
