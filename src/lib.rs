//! `aemtrix` examines install snapshots of Adobe Experience Manager offline.

pub mod evidence;
pub mod facts;
pub mod intake;
pub mod limits;
