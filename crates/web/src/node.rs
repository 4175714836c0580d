//! The node behind the site.

use tokio::sync::broadcast;

use crate::live::Named;

#[derive(Debug, Clone)]
pub enum Change {
    Node,
}

impl Named for Change {
    fn name(&self) -> String {
        "node".to_owned()
    }
}

#[derive(Clone)]
pub struct Node {
    pub changes: broadcast::Sender<Change>,
}
