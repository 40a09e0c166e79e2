//! Arrays that are sent separately from the message that contains them.
//!
//! A pool of worker processes sends its tasks through pipes, and large arrays through shared memory. Within
//! [`collecting`], an array that a message is about to contain is first offered to a [`Collect`], which may keep its
//! [`Buffer`] and have a number written instead; within [`providing`], such a number is turned back into the buffer. Both
//! hold for one closure on one thread, so any serializer can be used in between.

use std::cell::RefCell;
use std::rc::Rc;

use crate::Buffer;

/// Decides which arrays are taken out of a message.
///
/// ```
/// use joblib_array::{Buffer, share::Collect};
///
/// /// Keeps all arrays of a kilobyte or more.
/// struct Large(Vec<Buffer>);
///
/// impl Collect for Large {
///     fn offer(&mut self, buffer: &Buffer) -> Option<u64> {
///         (buffer.len() >= 1024).then(|| {
///             self.0.push(buffer.clone());
///             self.0.len() as u64 - 1
///         })
///     }
/// }
///
/// let mut large = Large(Vec::new());
/// assert_eq!(large.offer(&Buffer::copy_of(&[0; 10])), None);
/// assert_eq!(large.offer(&Buffer::copy_of(&[0; 2000])), Some(0));
/// ```
pub trait Collect {
    /// Keeps the array's buffer and returns the number that stands for it, or `None` to have the elements written.
    fn offer(&mut self, buffer: &Buffer) -> Option<u64>;
}

/// Returns the arrays that were taken out of a message.
///
/// ```
/// use joblib_array::{Buffer, share::Provide};
///
/// let buffers = [Buffer::copy_of(b"first"), Buffer::copy_of(b"second")];
/// let provider = move |number: u64| buffers.get(number as usize).cloned();
/// assert_eq!(provider.buffer(1).expect("there are two").as_bytes(), b"second");
/// assert!(provider.buffer(2).is_none());
/// ```
pub trait Provide {
    /// The buffer of a number that [`Collect::offer`] returned on the other side, or `None` when it is unknown.
    fn buffer(&self, number: u64) -> Option<Buffer>;
}

impl<F: FnMut(&Buffer) -> Option<u64>> Collect for F {
    fn offer(&mut self, buffer: &Buffer) -> Option<u64> {
        self(buffer)
    }
}

impl<F: Fn(u64) -> Option<Buffer>> Provide for F {
    fn buffer(&self, number: u64) -> Option<Buffer> {
        self(number)
    }
}

thread_local! {
    static COLLECTOR: RefCell<Option<Rc<RefCell<dyn Collect>>>> = const { RefCell::new(None) };
    static PROVIDER: RefCell<Option<Rc<dyn Provide>>> = const { RefCell::new(None) };
}

/// Runs `serialize`, and offers each array in it to `collector`.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
///
/// use joblib_array::{Array, Buffer, share};
///
/// let array: Array<f64> = Array::zeros(&[1000]);
/// let kept: Rc<RefCell<Vec<Buffer>>> = Rc::default();
///
/// let keep = Rc::clone(&kept);
/// let collector = move |buffer: &Buffer| {
///     keep.borrow_mut().push(buffer.clone());
///     Some(keep.borrow().len() as u64 - 1)
/// };
/// let message = share::collecting(collector, || rmp_serde::to_vec(&array))?;
/// assert!(message.len() < 100);
///
/// let provider = move |number: u64| kept.borrow().get(number as usize).cloned();
/// let back: Array<f64> = share::providing(provider, || rmp_serde::from_slice(&message))?;
/// assert_eq!(back, array);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn collecting<R>(collector: impl Collect + 'static, serialize: impl FnOnce() -> R) -> R {
    let collector: Rc<RefCell<dyn Collect>> = Rc::new(RefCell::new(collector));
    let previous = COLLECTOR.with_borrow_mut(|slot| slot.replace(collector));
    let _restore = OnDrop(Some(move || COLLECTOR.with_borrow_mut(|slot| *slot = previous)));
    serialize()
}

/// Runs `deserialize`, and looks up each number that replaces an array in `provider`.
///
/// ```
/// use joblib_array::{Array, Buffer, share};
///
/// // A message whose array was kept by a collector, under the number 0.
/// let array = Array::from(vec![1.0, 2.0]);
/// let message = share::collecting(|_: &Buffer| Some(0), || rmp_serde::to_vec(&array))?;
///
/// let kept = array.buffer().clone();
/// let provider = move |number| (number == 0).then(|| kept.clone());
/// let back: Array<f64> = share::providing(provider, || rmp_serde::from_slice(&message))?;
/// assert_eq!(back, array);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn providing<R>(provider: impl Provide + 'static, deserialize: impl FnOnce() -> R) -> R {
    let previous = PROVIDER.with_borrow_mut(|slot| slot.replace(Rc::new(provider)));
    let _restore = OnDrop(Some(move || PROVIDER.with_borrow_mut(|slot| *slot = previous)));
    deserialize()
}

/// Offers a buffer to the collector that is set on this thread.
pub(crate) fn offer(buffer: &Buffer) -> Option<u64> {
    let collector = COLLECTOR.with_borrow(Clone::clone)?;
    // Busy only when a collector serializes arrays itself; those are written whole.
    collector.try_borrow_mut().ok()?.offer(buffer)
}

/// Looks a number up in the provider that is set on this thread.
pub(crate) fn provided(number: u64) -> Option<Buffer> {
    let provider = PROVIDER.with_borrow(Clone::clone)?;
    provider.buffer(number)
}

struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}
