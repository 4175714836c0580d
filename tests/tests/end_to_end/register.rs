//! The register: what it decides, and whom it admits and lets go. These stories mostly wait for
//! deadlines.

mod admission;
mod evidence;
mod hosted_admission;
mod leaving;
mod recovery;
mod votes;
