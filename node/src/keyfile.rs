//! Key files: three lines of text, readable by their owner alone.
//!
//! ```text
//! folkmoot root key, format 1
//! public did:key:z6Mk…
//! secret 64 hexadecimal digits
//! ```

use std::{
    fs,
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use domain::key::{PublicKey, SecretKey};
use zeroize::Zeroizing;

use crate::{
    clock::random,
    failure::{Failure, Outcome},
};

/// A key file is a few lines.
const BYTES_MAX: u64 = 4_096;

/// What a key file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The member's root key.
    Root,
    /// The node's key.
    Node,
    /// The key with which the node will witness and close votes.
    Validator,
    /// A person's key on the person's own device.
    Person,
}

impl Role {
    /// The word in the file's first line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Node => "node",
            Self::Validator => "validator",
            Self::Person => "person",
        }
    }

    fn header(self) -> String {
        format!("folkmoot {} key, format 1", self.word())
    }
}

/// Makes a key and writes its file, which must not exist.
pub fn create(path: &Path, role: Role) -> Outcome<SecretKey> {
    let key = SecretKey::from_seed(&Zeroizing::new(random()?));
    write(path, role, &key)?;
    Ok(key)
}

/// Writes a key's file, which must not exist: a key is never overwritten.
pub fn write(path: &Path, role: Role, key: &SecretKey) -> Outcome {
    let text = Zeroizing::new(format!(
        "{}\npublic {}\nsecret {}\n",
        role.header(),
        key.public(),
        *Zeroizing::new(hex::encode(Zeroizing::new(key.seed())))
    ));
    write_private(path, text.as_bytes())
}

/// Writes a file that only its owner can read and that must not exist.
pub fn write_private(path: &Path, bytes: &[u8]) -> Outcome {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::configuration(format!("{} exists already", path.display()))
                .hint("choose another path, or move the file away first")
        }
        _ => Failure::configuration(format!("cannot write {}", path.display())).because(error),
    };
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)
}

/// Writes a file that only its owner can read in the place of what is there: who reads it meanwhile
/// finds the one or the other, whole.
pub fn replace_private(path: &Path, bytes: &[u8]) -> Outcome {
    let failed = |error: std::io::Error| {
        Failure::configuration(format!("cannot replace {}", path.display())).because(error)
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    // One left by a write that was cut short counts for nothing.
    if beside.exists() {
        fs::remove_file(&beside).map_err(failed)?;
    }
    write_private(&beside, bytes)?;
    fs::rename(&beside, path).map_err(failed)
}

/// Refuses a file that others than its owner can read.
pub fn check_private(path: &Path) -> Outcome {
    let metadata = fs::metadata(path).map_err(|error| {
        Failure::configuration(format!("cannot read {}", path.display())).because(error)
    })?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Failure::configuration(format!(
            "{} holds a secret and has mode {mode:03o}, so others can use it",
            path.display()
        ))
        .hint(format!("chmod 600 {}", path.display())));
    }
    Ok(())
}

/// Reads a key file.
pub fn read(path: &Path, role: Role) -> Outcome<SecretKey> {
    read_one_of(path, &[role]).map(|(_, key)| key)
}

/// Reads a key file whose first line says which of these roles it has.
pub fn read_one_of(path: &Path, roles: &[Role]) -> Outcome<(Role, SecretKey)> {
    check_private(path)?;
    let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let bad = |problem: &str| {
        let words: Vec<&str> = roles.iter().map(|role| role.word()).collect();
        Failure::configuration(format!(
            "{} is no {} key file of this release: {problem}",
            path.display(),
            words.join(" or ")
        ))
        .hint("restore the file from your backup, or name the right one")
    };
    if length > BYTES_MAX {
        return Err(bad("it is too long"));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| {
        Failure::configuration(format!("cannot read {}", path.display())).because(error)
    })?);
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    let Some(role) = roles.iter().copied().find(|role| header == role.header()) else {
        let headers = roles.iter().map(|role| format!("{:?}", role.header()));
        let headers: Vec<String> = headers.collect();
        let message = format!("its first line is not {}", headers.join(" or "));
        return Err(bad(&message));
    };
    let field = |line: Option<&str>, name: &str| {
        line.and_then(|line| line.strip_prefix(name))
            .and_then(|rest| rest.strip_prefix(' '))
            .map(|value| Zeroizing::new(value.trim().to_owned()))
    };
    let public = field(lines.next(), "public").ok_or_else(|| bad("it has no public key"))?;
    let secret = field(lines.next(), "secret").ok_or_else(|| bad("it has no secret"))?;
    let public: PublicKey = public.parse().map_err(|_| bad("the public key is wrong"))?;
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(secret.as_bytes(), &mut seed[..])
        .map_err(|_| bad("the secret is not 64 hexadecimal digits"))?;
    let key = SecretKey::from_seed(&seed);
    if key.public() != public {
        return Err(bad("the secret does not belong to the public key"));
    }
    Ok((role, key))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_comes_back_from_its_file_and_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root.key");
        let key = create(&path, Role::Root).unwrap();
        assert_eq!(read(&path, Role::Root).unwrap().public(), key.public());
        assert!(create(&path, Role::Root).is_err());
        assert!(read(&path, Role::Node).is_err());
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused_with_the_command_that_helps() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root.key");
        create(&path, Role::Root).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let failure = read(&path, Role::Root).unwrap_err();
        assert_eq!(failure.hint, Some(format!("chmod 600 {}", path.display())));
    }

    #[test]
    fn a_secret_of_another_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root.key");
        create(&path, Role::Root).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let (start, _) = text.split_once("secret ").unwrap();
        fs::write(&path, format!("{start}secret {}\n", "11".repeat(32))).unwrap();
        let failure = read(&path, Role::Root).unwrap_err();
        assert!(failure.message.contains("does not belong"), "{failure}");
    }
}
