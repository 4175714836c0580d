//! The data directory: what lies where.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use domain::{cbor::Decode, genesis::Genesis, key::SecretKey};

use crate::{
    config::Config,
    failure::{Failure, Outcome},
    keyfile::{self, Role},
};

/// A genesis with the largest charter and most founders is smaller.
const GENESIS_BYTES_MAX: u64 = 256 * 1024;

/// A data directory.
#[derive(Debug, Clone)]
pub struct DataDirectory {
    path: PathBuf,
    /// The configuration, where it lies elsewhere.
    config: Option<PathBuf>,
}

impl DataDirectory {
    /// The directory at a path; nothing is read yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            config: None,
        }
    }

    /// The same with a configuration that lies elsewhere.
    #[must_use]
    pub fn with_config(self, config: Option<PathBuf>) -> Self {
        Self { config, ..self }
    }

    /// Makes the directory, or takes an empty or prepared one.
    pub fn create(path: impl Into<PathBuf>) -> Outcome<Self> {
        let path = path.into();
        if !path.is_dir() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .map_err(|error| {
                    Failure::configuration(format!("cannot make {}", path.display())).because(error)
                })?;
        }
        let directory = Self::at(path);
        directory.check_private()?;
        Ok(directory)
    }

    /// Refuses a directory that others can look into.
    pub fn check_private(&self) -> Outcome {
        let metadata = fs::metadata(&self.path).map_err(|error| {
            Failure::configuration(format!("cannot read {}", self.path.display())).because(error)
        })?;
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Failure::configuration(format!(
                "the data directory {} has mode {mode:03o}, so others can look into it",
                self.path.display()
            ))
            .hint(format!("chmod 700 {}", self.path.display())));
        }
        Ok(())
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The configuration.
    pub fn config_path(&self) -> PathBuf {
        self.file("folkmoot.toml")
    }

    /// The genesis.
    pub fn genesis_path(&self) -> PathBuf {
        self.file("genesis")
    }

    /// The file of a key.
    pub fn key_path(&self, role: Role) -> PathBuf {
        self.file(&format!("{}.key", role.word()))
    }

    /// The validator key that takes over when the register has it.
    pub fn next_validator_path(&self) -> PathBuf {
        self.file("validator-next.key")
    }

    /// What opens the secrets of servers and tenants.
    pub fn secrets_key_path(&self) -> PathBuf {
        self.file("secrets.key")
    }

    /// The founder line of this co-op, as it was prepared.
    pub fn founder_line_path(&self) -> PathBuf {
        self.file("founder-line")
    }

    /// The one-time link of the first steward, until it is used.
    pub fn link_path(&self) -> PathBuf {
        self.file("first-sign-in")
    }

    /// What a co-op that joins waits for.
    pub fn application_path(&self) -> PathBuf {
        self.file("application.toml")
    }

    /// What the node heard last about the application, in words.
    pub fn heard_path(&self) -> PathBuf {
        self.file("application-heard")
    }

    /// The charter that a co-op accepts as it applies.
    pub fn offered_charter_path(&self) -> PathBuf {
        self.file("application-charter.toml")
    }

    /// Where the running node listens for commands of this machine, and their secret.
    pub fn control_path(&self) -> PathBuf {
        self.file("control")
    }

    /// Whether keys were made here.
    pub fn is_prepared(&self) -> bool {
        self.key_path(Role::Node).exists()
    }

    /// Whether it belongs to a federation.
    pub fn has_genesis(&self) -> bool {
        self.genesis_path().exists()
    }

    /// The configuration.
    pub fn config(&self) -> Outcome<Config> {
        match &self.config {
            // A file that was named has to be there.
            Some(path) if !path.exists() => Err(Failure::configuration(format!(
                "there is no configuration {}",
                path.display()
            ))
            .hint("name a file that is there, or leave --config out")),
            Some(path) => Config::read(path),
            None => Config::read(&self.config_path()),
        }
    }

    /// The genesis of the federation it belongs to.
    pub fn genesis(&self) -> Outcome<Genesis> {
        let path = self.genesis_path();
        if !path.exists() {
            return Err(self.not_set_up());
        }
        read_genesis(&path)
    }

    /// One of the node's keys.
    pub fn key(&self, role: Role) -> Outcome<SecretKey> {
        let path = self.key_path(role);
        if !path.exists() {
            return match role {
                Role::Root => Err(Failure::refused(format!(
                    "the root key is not in {}",
                    self.path.display()
                ))
                .hint("name its file: --root-key FILE")),
                _ => Err(self.not_set_up()),
            };
        }
        keyfile::read(&path, role)
    }

    /// The failure of whatever needs a founded or joined directory.
    pub fn not_set_up(&self) -> Failure {
        Failure::configuration(format!("{} holds no node yet", self.path.display())).hint(
            "folkmoot init --found \"Name of the federation\" --name \"Name of your co-op\", or \
             folkmoot join INVITATION --name \"Name of your co-op\"",
        )
    }
}

/// Reads a genesis file.
pub fn read_genesis(path: &Path) -> Outcome<Genesis> {
    let metadata = fs::metadata(path).map_err(|error| {
        Failure::configuration(format!("cannot read {}", path.display())).because(error)
    })?;
    if metadata.len() > GENESIS_BYTES_MAX {
        return Err(Failure::configuration(format!(
            "{} is too large for a genesis",
            path.display()
        )));
    }
    let bytes = fs::read(path).map_err(|error| {
        Failure::configuration(format!("cannot read {}", path.display())).because(error)
    })?;
    Genesis::from_bytes(&bytes).map_err(|error| {
        Failure::configuration(format!(
            "{} is no genesis that this release can read",
            path.display()
        ))
        .because(error)
        .hint("ask the founder who made it for the file again, or update folkmoot")
    })
}
