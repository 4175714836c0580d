//! A form sent twice does its work once: the second sender waits for the first and gets its answer.
//!
//! Every rendering of a form carries a random value, so two equal bodies to one address in one
//! session are one form sent twice (a double click, a reload), never two intentions.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use domain::id::Hash;
use tokio::sync::Mutex as AsyncMutex;

use crate::error::WebError;

/// How many forms are remembered.
const FORMS_MAX: usize = 4_096;

type Place = Arc<AsyncMutex<Option<String>>>;

/// The forms done lately, with where each led.
#[derive(Default)]
pub struct Once(Mutex<VecDeque<(Hash, Place)>>);

impl Once {
    /// What names a form: the session, the address and everything that was sent.
    #[must_use]
    pub fn form(session: Hash, path: &str, body: &[u8]) -> Hash {
        Hash::of(&[&session.0, path.as_bytes(), b"\0", body])
    }

    fn place(&self, form: Hash) -> Place {
        let mut forms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = forms.iter().rev().find(|(known, _)| *known == form) {
            return Arc::clone(place);
        }
        if forms.len() >= FORMS_MAX {
            forms.pop_front();
        }
        let place = Place::default();
        forms.push_back((form, Arc::clone(&place)));
        place
    }

    /// Does the work unless it was done, and says where it led. What failed may be tried again.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn run<F>(&self, form: Hash, work: F) -> Result<String, WebError>
    where
        F: Future<Output = Result<String, WebError>>,
    {
        let place = self.place(form);
        let mut result = place.lock().await;
        if let Some(led_to) = &*result {
            return Ok(led_to.clone());
        }
        let led_to = work.await?;
        *result = Some(led_to.clone());
        Ok(led_to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn a_form_sent_twice_at_once_does_its_work_once() {
        let (once, count) = (Once::default(), AtomicUsize::new(0));
        let form = Once::form(Hash([1; 32]), "/decide/new", b"title=a");
        let work = || async {
            tokio::task::yield_now().await;
            Ok(format!("/decide/{}", count.fetch_add(1, Ordering::Relaxed)))
        };
        let (first, second) = tokio::join!(once.run(form, work()), once.run(form, work()));
        assert_eq!(
            (first.unwrap(), second.unwrap()),
            ("/decide/0".into(), "/decide/0".into())
        );
        let other = Once::form(Hash([1; 32]), "/decide/new", b"title=b");
        assert_eq!(once.run(other, work()).await.unwrap(), "/decide/1");
    }

    #[tokio::test]
    async fn what_failed_may_be_tried_again() {
        let once = Once::default();
        let form = Once::form(Hash([1; 32]), "/x", b"");
        let failed = once.run(form, async { Err(WebError::SignedOut) }).await;
        assert!(failed.is_err());
        assert_eq!(
            once.run(form, async { Ok("/y".to_owned()) }).await.unwrap(),
            "/y"
        );
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let once = Once::default();
        for number in 0..=FORMS_MAX {
            let form = Once::form(Hash([1; 32]), "/x", &number.to_be_bytes());
            once.run(form, async { Ok(String::new()) }).await.unwrap();
        }
        assert_eq!(once.0.lock().unwrap().len(), FORMS_MAX);
    }
}
