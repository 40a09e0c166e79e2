//! A thread that is told of the end of processes.

use std::io;
use std::os::fd::BorrowedFd;

/// Watches processes by their descriptors.
pub(crate) struct DeathWatch(imp::DeathWatch);

impl DeathWatch {
    /// Starts the thread, which calls `on_death` with the key of a process that has ended.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no thread or descriptor left, or the system has no descriptors
    /// of processes.
    pub(crate) fn start(on_death: fn(u64)) -> io::Result<Self> {
        imp::DeathWatch::start(on_death).map(DeathWatch)
    }

    /// Watches a process until it has ended and that was told; then it is to be watched again, if it is to be.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no memory left.
    pub(crate) fn watch(&self, pidfd: BorrowedFd<'_>, key: u64) -> io::Result<()> {
        self.0.watch(pidfd, key)
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::io;
    use std::os::fd::BorrowedFd;
    use std::sync::Arc;

    use nix::errno::Errno;
    use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

    /// The set can be changed while the thread waits for it, which then need not be woken.
    pub(super) struct DeathWatch(Arc<Epoll>);

    impl DeathWatch {
        pub(super) fn start(on_death: fn(u64)) -> io::Result<Self> {
            let epoll = Arc::new(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?);
            let watched = Arc::clone(&epoll);
            std::thread::Builder::new().name("joblib-idle".to_owned()).stack_size(64 << 10).spawn(
                move || {
                    let mut events = [EpollEvent::empty(); 16];
                    loop {
                        match watched.wait(&mut events, EpollTimeout::NONE) {
                            Ok(count) => events[..count].iter().for_each(|event| on_death(event.data())),
                            Err(Errno::EINTR) => {}
                            // Somebody closed the descriptor.
                            Err(_) => return,
                        }
                    }
                },
            )?;
            Ok(DeathWatch(epoll))
        }

        pub(super) fn watch(&self, pidfd: BorrowedFd<'_>, key: u64) -> io::Result<()> {
            // Once: else it would be told again and again of a process that nobody collects.
            let mut event = EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLONESHOT, key);
            match self.0.modify(pidfd, &mut event) {
                Err(Errno::ENOENT) => Ok(self.0.add(pidfd, event)?),
                other => Ok(other?),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;
    use std::os::fd::BorrowedFd;

    pub(super) struct DeathWatch;

    impl DeathWatch {
        pub(super) fn start(_on_death: fn(u64)) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        #[allow(clippy::unused_self, reason = "as on Linux")]
        pub(super) fn watch(&self, _pidfd: BorrowedFd<'_>, _key: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }
}
