//! What a node keeps for itself: accounts, sessions, tokens. None of it is ever replicated.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use thiserror::Error;

/// A value that could not be read or written.
#[derive(Debug, Error)]
#[error("local values of {area} cannot be read or written")]
pub struct LocalError {
    /// The area.
    pub area: &'static str,
    /// Why.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

/// What a call of [`Local`] returns.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, LocalError>> + Send + 'a>>;

/// A small ordered map per area. A value is durable when the call returns.
pub trait Local: Send + Sync + 'static {
    /// The value of a key.
    fn get<'a>(&'a self, area: &'static str, key: &'a [u8]) -> LocalFuture<'a, Option<Vec<u8>>>;

    /// Sets the value of a key.
    fn put<'a>(&'a self, area: &'static str, key: &'a [u8], value: &'a [u8])
    -> LocalFuture<'a, ()>;

    /// Removes a key; nothing happens if it is not there.
    fn delete<'a>(&'a self, area: &'static str, key: &'a [u8]) -> LocalFuture<'a, ()>;

    /// Every key and value of an area, ascending by key.
    fn list<'a>(&'a self, area: &'static str) -> LocalFuture<'a, Vec<(Vec<u8>, Vec<u8>)>>;
}

type Values = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

/// Local values in memory, for tests and the demo's throw-away nodes.
#[derive(Default)]
pub struct MemoryLocal(Mutex<Values>);

impl MemoryLocal {
    fn with<T>(&self, work: impl FnOnce(&mut Values) -> T) -> Result<T, LocalError> {
        Ok(work(
            &mut self.0.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

impl Local for MemoryLocal {
    fn get<'a>(&'a self, area: &'static str, key: &'a [u8]) -> LocalFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move { self.with(|map| map.get(&(area, key.to_vec())).cloned()) })
    }

    fn put<'a>(
        &'a self,
        area: &'static str,
        key: &'a [u8],
        value: &'a [u8],
    ) -> LocalFuture<'a, ()> {
        Box::pin(async move {
            self.with(|map| {
                map.insert((area, key.to_vec()), value.to_vec());
            })
        })
    }

    fn delete<'a>(&'a self, area: &'static str, key: &'a [u8]) -> LocalFuture<'a, ()> {
        Box::pin(async move {
            self.with(|map| {
                map.remove(&(area, key.to_vec()));
            })
        })
    }

    fn list<'a>(&'a self, area: &'static str) -> LocalFuture<'a, Vec<(Vec<u8>, Vec<u8>)>> {
        Box::pin(async move {
            self.with(|map| {
                let of_area = map.iter().filter(|((of, _), _)| *of == area);
                of_area
                    .map(|((_, key), value)| (key.clone(), value.clone()))
                    .collect()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn areas_do_not_mix_and_a_deleted_value_is_gone() {
        let local = MemoryLocal::default();
        local.put("a", b"2", b"two").await.unwrap();
        local.put("a", b"1", b"one").await.unwrap();
        local.put("b", b"1", b"other").await.unwrap();
        assert_eq!(
            local.get("a", b"1").await.unwrap().as_deref(),
            Some(&b"one"[..])
        );
        let keys: Vec<_> = local
            .list("a")
            .await
            .unwrap()
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(keys, [b"1".to_vec(), b"2".to_vec()]);
        local.delete("a", b"1").await.unwrap();
        local.delete("a", b"1").await.unwrap();
        assert_eq!(local.get("a", b"1").await.unwrap(), None);
        assert_eq!(
            local.get("b", b"1").await.unwrap().as_deref(),
            Some(&b"other"[..])
        );
    }
}
