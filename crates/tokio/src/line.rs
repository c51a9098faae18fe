//! The changes of one file that are under way, and which of them nobody waits for any more:
//! what comes later waits until those are over. Does no I/O, and knows no handle.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

/// Which file: its device and its number there. No other has it while this one is open.
pub(crate) type FileKey = (u64, u64);

/// The lines of the files that are open, so that all handles of a file have the same.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<BTreeMap<FileKey, Weak<Line>>>);

impl Lines {
    /// The line of a file.
    pub(crate) fn of(self: &Arc<Lines>, file: FileKey) -> Arc<Line> {
        let mut lines = lock(&self.0);
        if let Some(line) = lines.get(&file).and_then(Weak::upgrade) {
            return line;
        }
        let line = Arc::new(Line { file, lines: self.clone(), state: Mutex::default() });
        lines.insert(file, Arc::downgrade(&line));
        line
    }
}

/// The changes of one file that are under way.
#[derive(Debug)]
pub(crate) struct Line {
    file: FileKey,
    lines: Arc<Lines>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Changes that ever began: the number of the next.
    begun: u64,
    under_way: Vec<UnderWay>,
    waiting: Vec<Waker>,
}

#[derive(Debug)]
struct UnderWay {
    number: u64,
    is_given_up: bool,
}

/// A change in the hands of the thread that works on it; over when this is dropped.
#[derive(Debug)]
pub(crate) struct Change {
    line: Arc<Line>,
    number: u64,
}

/// Who waits for a change; dropping this before it is over gives it up.
#[derive(Debug)]
pub(crate) struct Waits {
    line: Arc<Line>,
    number: u64,
}

impl Line {
    /// A change begins.
    pub(crate) fn begin(self: &Arc<Line>) -> (Waits, Change) {
        let mut state = lock(&self.state);
        let number = state.begun;
        state.begun += 1;
        state.under_way.push(UnderWay { number, is_given_up: false });
        (Waits { line: self.clone(), number }, Change { line: self.clone(), number })
    }

    /// Ready when nothing is under way that was given up, nor what `own` waits for.
    pub(crate) fn poll_clear(&self, own: Option<&Waits>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        let own = own.map(|own| own.number);
        if !state.under_way.iter().any(|change| change.is_given_up || Some(change.number) == own) {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits until nothing is under way that was given up, nor what `own` waits for.
    pub(crate) async fn clear(&self, own: Option<&Waits>) {
        poll_fn(|cx| self.poll_clear(own, cx)).await;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut lines = lock(&self.lines.0);
        // Who opened the file meanwhile may have made a new one.
        if lines.get(&self.file).is_some_and(|line| line.strong_count() == 0) {
            lines.remove(&self.file);
        }
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        let mut state = lock(&self.line.state);
        state.under_way.retain(|change| change.number != self.number);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        let mut state = lock(&self.line.state);
        for change in state.under_way.iter_mut().filter(|change| change.number == self.number) {
            change.is_given_up = true;
        }
    }
}

/// Nothing panics while it holds one of these.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn is_clear(line: &Line, own: Option<&Waits>, count: &Arc<Count>) -> bool {
        line.poll_clear(own, &mut Context::from_waker(&Waker::from(count.clone()))).is_ready()
    }

    fn line() -> Arc<Line> {
        Arc::<Lines>::default().of((1, 2))
    }

    #[test]
    fn each_change_ends_by_itself() {
        let (line, nobody) = (line(), Arc::default());
        let [(one, first), (other, second)] = [line.begin(), line.begin()];
        assert!(is_clear(&line, None, &nobody), "somebody waits for both");
        assert!(!is_clear(&line, Some(&one), &nobody) && !is_clear(&line, Some(&other), &nobody));
        drop(first);
        assert!(is_clear(&line, Some(&one), &nobody) && !is_clear(&line, Some(&other), &nobody));
        drop(other);
        assert!(!is_clear(&line, None, &nobody), "the second was given up");
        drop(second);
        assert!(is_clear(&line, None, &nobody));
    }

    #[test]
    fn all_who_wait_are_woken_once() {
        let (line, counts) = (line(), [(); 3].map(|()| Arc::new(Count::default())));
        let (waits, change) = line.begin();
        drop(waits);
        for count in counts.iter().chain(&counts) {
            assert!(!is_clear(&line, None, count));
        }
        drop(change);
        assert_eq!(counts.map(|count| count.0.load(Ordering::Relaxed)), [1; 3]);
    }

    #[test]
    fn a_file_that_nobody_has_open_has_no_line() {
        let lines = Arc::<Lines>::default();
        let one = lines.of((1, 2));
        assert!(Arc::ptr_eq(&one, &lines.of((1, 2))) && !Arc::ptr_eq(&one, &lines.of((2, 2))));
        drop(one);
        assert!(lock(&lines.0).is_empty());
        // Opened again before the last handle's line was taken out.
        let old = lines.of((1, 2));
        lock(&lines.0).clear();
        let new = lines.of((1, 2));
        drop(old);
        assert!(Arc::ptr_eq(&new, &lines.of((1, 2))));
    }
}
