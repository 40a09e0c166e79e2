//! A proxy for HTTP between a program and a server: it counts requests, delays them, and answers for a server that fails.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What the proxy does with requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Passes them on.
    Forward,
    /// Passes them on after a time, as over a long way.
    Delay(Duration),
    /// Passes requests for results on when so many of them are there, as only callers do that ask at once.
    Together(usize),
    /// Passes them on without their conditions, as to a server that does not know them.
    WithoutConditions,
    /// Answers requests with conditions that it has no such requests, and passes the others on.
    RefuseConditions,
    /// Answers with this status, and without what a server of object stores would say.
    Status(u16),
    /// Closes the connection.
    Cut,
}

/// A proxy that runs until the process ends.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: u16,
    mode: Mutex<Mode>,
    requests: Mutex<Vec<String>>,
    /// How many requests came that are passed on together.
    together: Mutex<usize>,
    one_more: Condvar,
    /// Bytes of the bodies of answers.
    bytes: AtomicUsize,
}

impl Proxy {
    /// Starts a proxy in front of the server at a port of this machine.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub fn start(server: u16, mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it has an address").port();
        let shared = Arc::new(Shared {
            server,
            mode: Mutex::new(mode),
            requests: Mutex::default(),
            together: Mutex::default(),
            one_more: Condvar::new(),
            bytes: AtomicUsize::new(0),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&of_thread);
                // An error is a connection that one side closed.
                thread::spawn(move || drop(shared.serve(client)));
            }
        });
        Self { port, shared }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Does something else with requests from now on.
    pub fn set(&self, mode: Mode) {
        *self.shared.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// The bytes of answers since this was called before.
    pub fn take_bytes(&self) -> usize {
        self.shared.bytes.swap(0, Ordering::Relaxed)
    }

    /// The requests since this was called before: of each its method and its target.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shared {
    fn serve(&self, client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut from_client = BufReader::new(client.try_clone()?);
        let mut to_client = client;
        let mut server: Option<BufReader<TcpStream>> = None;
        while let Some(mut request) = Message::read(&mut from_client, false)? {
            let mode = self.mode.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let first = request.head.lines().next().unwrap_or_default().to_owned();
            let words: Vec<&str> = first.split(' ').take(2).collect();
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(words.join(" "));
            match mode {
                Mode::WithoutConditions => request.remove_conditions(),
                Mode::RefuseConditions if request.has_conditions() => {
                    write!(to_client, "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n")?;
                    continue;
                }
                Mode::Forward | Mode::RefuseConditions => {}
                Mode::Together(count) => {
                    if first.contains("/r/") {
                        self.wait_for_others(count);
                    }
                }
                Mode::Delay(time) => thread::sleep(time),
                Mode::Status(status) => {
                    write!(to_client, "HTTP/1.1 {status} As It Is\r\nContent-Length: 0\r\n\r\n")?;
                    continue;
                }
                Mode::Cut => return to_client.shutdown(Shutdown::Both),
            }
            let server = match &mut server {
                Some(server) => server,
                none => {
                    let new = TcpStream::connect(("127.0.0.1", self.server))?;
                    new.set_nodelay(true)?;
                    none.insert(BufReader::new(new))
                }
            };
            request.write(server.get_mut())?;
            let without_body = first.starts_with("HEAD ");
            let Some(answer) = Message::read(server, without_body)? else {
                return to_client.shutdown(Shutdown::Both);
            };
            self.bytes.fetch_add(answer.body.len(), Ordering::Relaxed);
            answer.write(&mut to_client)?;
            if answer.closes() {
                return to_client.shutdown(Shutdown::Both);
            }
        }
        Ok(())
    }
}

impl Shared {
    fn wait_for_others(&self, count: usize) {
        let mut came = self.together.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = *came / count * count + count;
        *came += 1;
        self.one_more.notify_all();
        // A client that waits for an answer first gives up after a while.
        while *came < wanted {
            came = self.one_more.wait(came).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A request or an answer.
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    /// Reads one; nothing at the end of the connection.
    fn read(from: &mut BufReader<TcpStream>, without_body: bool) -> io::Result<Option<Self>> {
        let mut head = String::new();
        loop {
            let before = head.len();
            if from.read_line(&mut head)? == 0 {
                return Ok(None);
            }
            if &head[before..] == "\r\n" {
                // A server may say first that it wants to hear more.
                if head.starts_with("HTTP/1.1 100 ") {
                    head.clear();
                    continue;
                }
                break;
            }
        }
        let message = Self { head, body: Vec::new() };
        let has_none = [" 204 ", " 304 "]
            .iter()
            .any(|status| message.head.lines().next().is_some_and(|line| line.contains(status)));
        let mut body = Vec::new();
        if without_body || has_none {
            // Its headers tell a length all the same.
        } else if message.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            read_chunks(from, &mut body)?;
        } else if let Some(length) = message.header("content-length") {
            let length: usize = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            body.resize(length, 0);
            from.read_exact(&mut body)?;
        } else if message.head.starts_with("HTTP/") {
            from.read_to_end(&mut body)?;
        }
        Ok(Some(Self { body, ..message }))
    }

    fn write(&self, to: &mut TcpStream) -> io::Result<()> {
        let mut bytes = self.head.as_bytes().to_vec();
        bytes.extend_from_slice(&self.body);
        to.write_all(&bytes)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn has_conditions(&self) -> bool {
        self.head.lines().any(is_condition)
    }

    fn remove_conditions(&mut self) {
        self.head = self.head.split_inclusive("\r\n").filter(|line| !is_condition(line)).collect();
    }

    fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// Whether a line of a head is the condition of a request.
fn is_condition(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    line.starts_with("if-match:") || line.starts_with("if-none-match:")
}

/// Reads chunks as they are, with their sizes.
fn read_chunks(from: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        body.extend_from_slice(line.as_bytes());
        let size = line.trim().split(';').next().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.ok_or(io::ErrorKind::InvalidData)?;
        let start = body.len();
        body.resize(start + size + 2, 0);
        from.read_exact(&mut body[start..])?;
        if size == 0 {
            return Ok(());
        }
    }
}
