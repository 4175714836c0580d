//! Typed values over [`Local`]: JSON per key.

use std::{marker::PhantomData, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{error::WebError, local::Local};

pub(crate) struct Table<T> {
    local: Arc<dyn Local>,
    area: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    pub(crate) fn new(local: Arc<dyn Local>, area: &'static str) -> Self {
        Self {
            local,
            area,
            of: PhantomData,
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<T, WebError> {
        let corrupt = |cause| WebError::Corrupt {
            area: self.area,
            cause,
        };
        serde_json::from_slice(bytes).map_err(corrupt)
    }

    pub(crate) async fn get(&self, key: &[u8]) -> Result<Option<T>, WebError> {
        let value = self.local.get(self.area, key).await?;
        value.map(|bytes| self.read(&bytes)).transpose()
    }

    pub(crate) async fn put(&self, key: &[u8], value: &T) -> Result<(), WebError> {
        let corrupt = |cause| WebError::Corrupt {
            area: self.area,
            cause,
        };
        let bytes = serde_json::to_vec(value).map_err(corrupt)?;
        Ok(self.local.put(self.area, key, &bytes).await?)
    }

    pub(crate) async fn delete(&self, key: &[u8]) -> Result<(), WebError> {
        Ok(self.local.delete(self.area, key).await?)
    }

    pub(crate) async fn list(&self) -> Result<Vec<(Vec<u8>, T)>, WebError> {
        let rows = self.local.list(self.area).await?;
        let typed = rows
            .into_iter()
            .map(|(key, bytes)| Ok((key, self.read(&bytes)?)));
        typed.collect()
    }
}
