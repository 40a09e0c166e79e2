//! One end of a socket pair: whole frames, each with at most one descriptor, in order.
//!
//! Towards an agent it is any stream of bytes, such as a pipe, and then without descriptors.
//!
//! A frame is a header (kind, whether a descriptor comes with it, length) and its bytes. The parent never blocks on
//! sending: what the socket does not take waits in the outbox. The worker does, being one of a pair.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::{Arc, Mutex};

#[cfg(feature = "cluster")]
use joblib_array::Buffer;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
#[cfg(feature = "cluster")]
use nix::sys::socket::{UnixAddr, getsockname};

/// Kind (u32), whether a descriptor comes along (u8), [`MAGIC`], length (u64).
const HEADER: usize = 16;
/// Tells a header from what a task may have written to a descriptor that is not its own.
const MAGIC: [u8; 3] = *b"jlb";
/// Longer than any frame: more than a process can have in memory.
const MAX_LEN: u64 = 1 << 46;
const READ: usize = 64 << 10;

/// A frame as it arrived.
pub(crate) struct Frame<'a> {
    pub(crate) kind: u32,
    pub(crate) bytes: &'a [u8],
    pub(crate) descriptor: Option<OwnedFd>,
}

/// A frame on its way.
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    descriptor: Option<Arc<OwnedFd>>,
    sent: usize,
}

impl Outgoing {
    /// A frame of this kind with nothing in it yet.
    pub(crate) fn new(kind: u32) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&kind.to_le_bytes());
        bytes.push(0);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[0; 8]);
        Outgoing { bytes, descriptor: None, sent: 0 }
    }

    /// Sends a descriptor along.
    pub(crate) fn with_descriptor(mut self, descriptor: Arc<OwnedFd>) -> Self {
        self.bytes[4] = 1;
        self.descriptor = Some(descriptor);
        self
    }

    /// Where the contents go, behind the header.
    pub(crate) fn body(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// What kind of frame it is.
    #[cfg(test)]
    pub(crate) fn kind(&self) -> u32 {
        u32::from_le_bytes(*self.bytes.first_chunk().unwrap())
    }

    /// What a reader of the frame gets.
    pub(crate) fn contents(&self) -> &[u8] {
        &self.bytes[HEADER..]
    }

    /// The length of the contents.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - HEADER
    }

    /// All of the frame but its last bytes, which are `more` and follow, for a stream of bytes; a descriptor is not a part of it.
    #[cfg(feature = "cluster")]
    pub(crate) fn into_bytes(mut self, more: usize) -> Vec<u8> {
        self.seal(more);
        self.bytes
    }

    fn seal(&mut self, more: usize) {
        let len = (self.len() + more) as u64;
        self.bytes[8..HEADER].copy_from_slice(&len.to_le_bytes());
    }
}

/// What [`Connection::receive`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// Bytes have arrived; there may be more.
    Bytes,
    /// There are none now.
    Nothing,
    /// There will be none: the peer is gone, or has closed its end.
    End,
}

pub(crate) struct Connection {
    socket: OwnedFd,
    /// Whether it is another stream than a socket of this host, and only read from.
    #[cfg(feature = "cluster")]
    is_stream: bool,
    /// Bytes read: `inbox[start..end]` is not consumed.
    inbox: Vec<u8>,
    start: usize,
    end: usize,
    descriptors: VecDeque<OwnedFd>,
    outbox: VecDeque<Outgoing>,
}

impl Connection {
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Connection {
            socket,
            #[cfg(feature = "cluster")]
            is_stream: false,
            inbox: vec![0; READ],
            start: 0,
            end: 0,
            descriptors: VecDeque::new(),
            outbox: VecDeque::new(),
        }
    }

    /// A stream to read frames from, of whatever kind. Descriptors come along if it is a socket of this host.
    #[cfg(feature = "cluster")]
    pub(crate) fn of_stream(input: OwnedFd) -> Self {
        let is_stream = !is_socket(input.as_fd());
        Connection { is_stream, ..Connection::new(input) }
    }

    /// Sends a frame, or as much of it as goes without waiting; [`flush`](Self::flush) sends the rest.
    pub(crate) fn post(&mut self, mut frame: Outgoing) -> io::Result<()> {
        frame.seal(0);
        self.outbox.push_back(frame);
        self.flush()
    }

    /// Sends more of what waits.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while let Some(frame) = self.outbox.front_mut() {
            if !send(self.socket.as_fd(), frame, MsgFlags::MSG_DONTWAIT)? {
                return Ok(());
            }
            self.outbox.pop_front();
        }
        Ok(())
    }

    /// Whether frames wait to be sent.
    pub(crate) fn is_full(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Reads some of what has arrived: waits for the first bytes if `wait`.
    pub(crate) fn receive(&mut self, wait: bool) -> io::Result<Received> {
        self.make_room();
        #[cfg(feature = "cluster")]
        if self.is_stream {
            return self.read();
        }
        let flags = if wait { MsgFlags::empty() } else { MsgFlags::MSG_DONTWAIT } | cloexec();
        let mut control = nix::cmsg_space!([std::os::fd::RawFd; 16]);
        let mut space = [IoSliceMut::new(&mut self.inbox[self.end..])];
        let message = loop {
            match recvmsg::<()>(self.socket.as_raw_fd(), &mut space, Some(&mut control), flags) {
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(Received::Nothing),
                // A peer that died with unread input resets the connection: that is its end.
                Err(Errno::ECONNRESET) => return Ok(Received::End),
                other => break other?,
            }
        };
        for item in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(received) = item {
                // SAFETY: the kernel just made these descriptors for this process; nobody else knows of them.
                self.descriptors.extend(received.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
            }
        }
        self.end += message.bytes;
        Ok(if message.bytes > 0 { Received::Bytes } else { Received::End })
    }

    #[cfg(feature = "cluster")]
    fn read(&mut self) -> io::Result<Received> {
        loop {
            match nix::unistd::read(&self.socket, &mut self.inbox[self.end..]) {
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
                Ok(read) => {
                    self.end += read;
                    return Ok(if read > 0 { Received::Bytes } else { Received::End });
                }
            }
        }
    }

    /// The next whole frame among what has arrived.
    pub(crate) fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        let Some((kind, flag, len)) = self.header()? else { return Ok(None) };
        if self.end - self.start < HEADER + len {
            return Ok(None);
        }
        let descriptor = match flag {
            0 => None,
            _ => Some(self.descriptors.pop_front().ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a frame's descriptor did not arrive: too many open files?",
                )
            })?),
        };
        let from = self.start + HEADER;
        self.start = from + len;
        Ok(Some(Frame { kind, bytes: &self.inbox[from..from + len], descriptor }))
    }

    /// The contents of the next frame if it is of this kind, has arrived as a whole and is large: the memory that it was read
    /// to, which is not copied. Otherwise [`next_frame`](Self::next_frame) has it.
    ///
    /// # Errors
    ///
    /// Returns an error if what has arrived is not a frame.
    #[cfg(feature = "cluster")]
    pub(crate) fn next_large(&mut self, wanted: u32) -> io::Result<Option<Buffer>> {
        let Some((kind, flag, len)) = self.header()? else { return Ok(None) };
        let end = HEADER + len;
        // Room is made for a large frame at the beginning.
        if (kind, flag, self.start) != (wanted, 0, 0) || len < 16 * READ || self.end < end {
            return Ok(None);
        }
        // Elements stay where they are, and not every allocator places bytes as elements have to be.
        if !self.inbox.as_ptr().addr().is_multiple_of(HEADER) {
            return Ok(None);
        }
        let rest = &self.inbox[end..self.end];
        let mut inbox = vec![0; rest.len().max(READ)];
        inbox[..rest.len()].copy_from_slice(rest);
        self.end = rest.len();
        let whole = std::mem::replace(&mut self.inbox, inbox);
        Ok(Some(Buffer::adopt(whole).slice(HEADER..end)))
    }

    /// The kind of the next frame, whether it has a descriptor, and its length; `None` if it has not arrived.
    ///
    /// # Errors
    ///
    /// Returns an error if what has arrived is not a header.
    fn header(&self) -> io::Result<Option<(u32, u8, usize)>> {
        let Some(bytes) = self.inbox[self.start..self.end].first_chunk::<HEADER>() else { return Ok(None) };
        let [k0, k1, k2, k3, flag, m0, m1, m2, len @ ..] = *bytes;
        let len = u64::from_le_bytes(len);
        if [m0, m1, m2] != MAGIC || flag > 1 || len > MAX_LEN {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "its connection has bytes that are not of a frame: did a task write to a descriptor that is not its own?",
            ));
        }
        Ok(Some((u32::from_le_bytes([k0, k1, k2, k3]), flag, len as usize)))
    }

    /// Whether a frame has begun to arrive, and its end is missing.
    pub(crate) fn is_in_frame(&self) -> bool {
        self.end > self.start
    }

    /// Makes room behind `end`: for a whole frame as far as its bytes are worth one read each.
    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.inbox.len() > 64 * READ {
                self.inbox = vec![0; READ];
            }
        }
        // The length comes from the peer: grow step by step with what really arrives.
        // Of a malformed header the next frame is the error.
        let header = self.header().ok().flatten();
        let wanted = header.map_or(READ, |(_, _, len)| HEADER.saturating_add(len));
        let have = self.end - self.start;
        let room = wanted.saturating_sub(have).clamp(READ / 4, (4 * have).max(READ));
        if self.inbox.len() - self.end < room {
            self.inbox.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, have);
            if self.inbox.len() - self.end < room {
                self.inbox.resize(self.end + room, 0);
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Whether a stream is a socket of this host, which takes descriptors.
#[cfg(feature = "cluster")]
pub(crate) fn is_socket(stream: BorrowedFd<'_>) -> bool {
    getsockname::<UnixAddr>(stream.as_raw_fd()).is_ok()
}

/// The sending side of a worker's socket, shared with what records events.
pub(crate) type SharedSocket = Arc<Mutex<OwnedFd>>;

/// Sends a whole frame, waiting for the peer to take it.
pub(crate) fn send_all(socket: BorrowedFd<'_>, mut frame: Outgoing) -> io::Result<()> {
    frame.seal(0);
    while !send(socket, &mut frame, MsgFlags::empty())? {}
    Ok(())
}

/// Sends as much as goes; says whether that was all.
fn send(socket: BorrowedFd<'_>, frame: &mut Outgoing, flags: MsgFlags) -> io::Result<bool> {
    while frame.sent < frame.bytes.len() {
        let bytes = [IoSlice::new(&frame.bytes[frame.sent..])];
        let descriptor = frame.descriptor.as_ref().map(|d| [d.as_raw_fd()]);
        let rights = descriptor.as_ref().map(|fds| [ControlMessage::ScmRights(fds)]);
        let control: &[ControlMessage<'_>] = rights.as_ref().map_or(&[], |rights| rights);
        match sendmsg::<()>(socket.as_raw_fd(), &bytes, control, flags | MsgFlags::MSG_NOSIGNAL, None) {
            Ok(sent) => {
                frame.sent += sent;
                frame.descriptor = None;
            }
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

#[cfg(target_os = "linux")]
fn cloexec() -> MsgFlags {
    MsgFlags::MSG_CMSG_CLOEXEC
}

#[cfg(not(target_os = "linux"))]
fn cloexec() -> MsgFlags {
    MsgFlags::empty()
}

#[cfg(test)]
mod tests {
    use super::{Connection, Outgoing, Received, send_all};
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;

    fn pair() -> (Connection, Connection) {
        let (a, b) = UnixStream::pair().unwrap();
        (Connection::new(a.into()), Connection::new(b.into()))
    }

    fn frame(kind: u32, bytes: &[u8]) -> Outgoing {
        let mut frame = Outgoing::new(kind);
        frame.body().extend_from_slice(bytes);
        frame
    }

    #[test]
    fn frames_of_any_size_arrive_whole_and_in_order() {
        let (mut a, mut b) = pair();
        let sizes = [0, 1, 1000, 100_000, 3_000_000, 5];
        for (kind, size) in (0..).zip(sizes) {
            a.post(frame(kind, &vec![kind as u8; size])).unwrap();
        }
        let mut next = 0;
        while next < sizes.len() {
            b.receive(false).unwrap();
            while let Some(frame) = b.next_frame().unwrap() {
                assert_eq!((frame.kind as usize, frame.bytes.len()), (next, sizes[next]));
                assert!(frame.bytes.iter().all(|byte| *byte == next as u8));
                next += 1;
            }
            a.flush().unwrap();
        }
        assert!(!a.is_full());
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn large_frames_are_had_without_a_copy_and_others_in_order_with_them() {
        let (mut a, mut b) = pair();
        let sizes = [10, 3_000_000, 2_000_000, 0, 2_000_000, 100];
        let expected: Vec<(u32, Vec<u8>)> =
            (0..).zip(sizes).map(|(n, size)| (n % 2, vec![n as u8; size])).collect();
        for (kind, bytes) in &expected {
            a.post(frame(*kind, bytes)).unwrap();
        }
        let (mut read, mut large) = (Vec::new(), 0);
        while read.len() < sizes.len() {
            b.receive(false).unwrap();
            loop {
                if let Some(contents) = b.next_large(1).unwrap() {
                    large += 1;
                    read.push((1, contents.as_bytes().to_vec()));
                } else if let Some(frame) = b.next_frame().unwrap() {
                    read.push((frame.kind, frame.bytes.to_vec()));
                } else {
                    break;
                }
            }
            a.flush().unwrap();
        }
        assert!(read == expected);
        // Those of the other kind are not looked for, whatever their size.
        assert_eq!(large, 1);
    }

    #[test]
    fn bytes_that_are_not_of_a_frame_are_an_error() {
        use std::io::Write;

        let (mut a, b) = UnixStream::pair().unwrap();
        let mut b = Connection::new(b.into());
        a.write_all(b"hello, I am a task that prints\n").unwrap();
        b.receive(true).unwrap();
        assert!(b.next_frame().is_err());
        let (mut a, b) = UnixStream::pair().unwrap();
        let mut b = Connection::new(b.into());
        let mut long = frame(1, b"").bytes;
        long[8..].copy_from_slice(&u64::MAX.to_le_bytes());
        a.write_all(&long).unwrap();
        b.receive(true).unwrap();
        assert!(b.next_frame().is_err());
    }

    #[test]
    fn descriptors_arrive_with_their_frames() {
        let (a, mut b) = pair();
        let file: OwnedFd = tempfile::tempfile().unwrap().into();
        send_all(a.as_fd(), frame(1, b"x")).unwrap();
        send_all(a.as_fd(), frame(2, b"y").with_descriptor(Arc::new(file))).unwrap();
        while b.end - b.start < 34 {
            assert_eq!(b.receive(true).unwrap(), Received::Bytes);
        }
        assert!(b.next_frame().unwrap().unwrap().descriptor.is_none());
        assert!(b.next_frame().unwrap().unwrap().descriptor.is_some());
        assert_eq!(b.receive(false).unwrap(), Received::Nothing);
        drop(a);
        assert_eq!(b.receive(false).unwrap(), Received::End);
    }
}
