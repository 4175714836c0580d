//! Placeholder.

use super::*;
