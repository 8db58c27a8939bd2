//! One flush for all waiting writers.
//!
//! sled keeps writes in a buffer of the process, and a flush passes them to the kernel. A writer calls wait() after its
//! write is in the buffer, and returns after a flush that began later. The first writer flushes. Writers that arrive
//! meanwhile wait for the next flush, which one of them runs for all.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub struct GroupFlush {
    state: Mutex<State>,
    flush_ended: Condvar,
}

#[derive(Default)]
struct State {
    begun: u64,     // Flushes that have begun.
    succeeded: u64, // The number of the last one that succeeded.
    is_flushing: bool,
}

impl GroupFlush {
    /// Returns after a `flush` that began after this call has succeeded, or with the error of the flush that it ran.
    pub fn wait<E>(&self, flush: impl Fn() -> Result<(), E>) -> Result<(), E> {
        let mut state = self.lock();
        let first_that_covers = state.begun + 1;
        while state.succeeded < first_that_covers {
            if state.is_flushing {
                state = self.flush_ended.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.begun += 1;
            state.is_flushing = true;
            let number = state.begun;
            drop(state);

            let ending = Ending(self); // Also if `flush` panics: the others must not wait forever.
            let result = flush();
            if result.is_ok() {
                self.lock().succeeded = number;
            }
            drop(ending);
            result?;
            state = self.lock();
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Ending<'a>(&'a GroupFlush);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.lock().is_flushing = false;
        self.0.flush_ended.notify_all();
    }
}
