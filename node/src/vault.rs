//! `secrets.key`: what opens the secrets of servers and tenants that are in the store.
//!
//! ```text
//! folkmoot secrets key, format 1
//! secret 64 hexadecimal digits
//! ```

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use web::{seal::Seed, vault::VaultKey};
use zeroize::Zeroizing;

use crate::{
    directory::DataDirectory,
    failure::{Failure, Outcome},
    keyfile,
};

/// The file's first line.
const HEADER: &str = "folkmoot secrets key, format 1";
/// The file has two lines.
const BYTES_MAX: u64 = 256;

/// The key's file in the data directory. It is read each time, so that it can be put back while the
/// node runs.
#[derive(Debug, Clone)]
pub struct SecretsKeyFile(PathBuf);

impl SecretsKeyFile {
    /// That of a data directory; nothing is read yet.
    pub fn of(directory: &DataDirectory) -> Self {
        Self(directory.secrets_key_path())
    }
}

impl VaultKey for SecretsKeyFile {
    fn read(&self) -> Result<Option<Seed>, Box<dyn std::error::Error + Send + Sync>> {
        if !self.0.exists() {
            return Ok(None);
        }
        read(&self.0)
            .map(Some)
            .map_err(|failure| failure.to_string().into())
    }

    fn keep(&self, key: &Seed) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        keep(&self.0, key).map_err(|failure| failure.to_string().into())
    }
}

fn read(path: &Path) -> Outcome<Seed> {
    keyfile::check_private(path)?;
    let cannot = |error: std::io::Error| {
        Failure::configuration(format!("cannot read {}", path.display())).because(error)
    };
    let bad = || {
        let message = format!("{} is no secrets key file of this release", path.display());
        Failure::configuration(message).hint("put the file back from where you keep it")
    };
    let mut text = Zeroizing::new(String::with_capacity(BYTES_MAX as usize));
    let file = fs::File::open(path).map_err(cannot)?;
    file.take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(bad());
    }
    let secret = lines.next().and_then(|line| line.strip_prefix("secret "));
    let secret = secret.filter(|_| lines.next().is_none()).ok_or_else(bad)?;
    let mut key = Seed::default();
    hex::decode_to_slice(secret, &mut key[..]).map_err(|_| bad())?;
    Ok(key)
}

/// Writes the file, whole and for good before anything is sealed with it.
fn keep(path: &Path, key: &Seed) -> Outcome {
    if path.exists() {
        return Err(Failure::configuration(format!(
            "{} exists already",
            path.display()
        )));
    }
    let digits = Zeroizing::new(hex::encode(&key[..]));
    let text = Zeroizing::new(format!("{HEADER}\nsecret {}\n", *digits));
    keyfile::replace_private(path, text.as_bytes())?;
    let directory = path.parent().unwrap_or(Path::new("."));
    let synced = fs::File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(|error| {
        Failure::configuration(format!("cannot write {}", directory.display())).because(error)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_comes_back_from_its_private_file_and_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let file = SecretsKeyFile::of(&DataDirectory::at(directory.path()));
        assert!(file.read().unwrap().is_none());
        let key = Seed::new([7; 32]);
        file.keep(&key).unwrap();
        assert!(file.read().unwrap() == Some(key.clone()));
        let mode = fs::metadata(&file.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(file.keep(&Seed::new([8; 32])).is_err());
        assert!(file.read().unwrap() == Some(key));
    }

    #[test]
    fn a_file_that_others_can_read_or_that_is_damaged_opens_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let file = SecretsKeyFile::of(&DataDirectory::at(directory.path()));
        file.keep(&Seed::new([7; 32])).unwrap();
        let whole = fs::read_to_string(&file.0).unwrap();
        for damaged in [
            whole.replace("secrets", "root"),
            whole.replace("07", "0g"),
            whole[..whole.len() - 3].to_owned(),
            format!("{whole}more\n"),
        ] {
            fs::write(&file.0, damaged).unwrap();
            assert!(file.read().is_err());
        }
        fs::write(&file.0, whole).unwrap();
        fs::set_permissions(&file.0, fs::Permissions::from_mode(0o640)).unwrap();
        let error = file.read().unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}
