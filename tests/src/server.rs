//! Servers of object stores: each on a free port with a folder of its own, until it is dropped.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// moto, a server of Amazon's protocols in Python that keeps everything in memory.
    Moto,
    /// `SeaweedFS`, a distributed file system that speaks Amazon's protocol.
    SeaweedFs,
    /// Azurite, Microsoft's own server of Azure's protocol for tests.
    Azurite,
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    child: Child,
    /// The first is the one of its protocol.
    ports: Vec<Port>,
    folder: tempfile::TempDir,
}

/// The bucket, or container, that each server has.
pub const BUCKET: &str = "team";
/// Azurite's account and key, which are in its documentation.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

impl Server {
    /// Starts a server and makes the bucket.
    ///
    /// # Panics
    ///
    /// If it can't be started, as when `cargo xtask test` did not install it.
    pub fn start(kind: Kind) -> Self {
        // A port that was free can be taken before the server has it.
        let mut outcome = Ok(());
        for _ in 0..4 {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let ports = match kind {
                // The other services have ports of their own.
                Kind::SeaweedFs => (0..4).map(|_| Port::with_higher(10_000)).collect(),
                Kind::Moto | Kind::Azurite => vec![Port::new()],
            };
            let child = command(kind, &ports, &folder).spawn().expect("the server starts");
            let mut server = Self { kind, child, ports, folder };
            outcome = server.wait_and_make_bucket(Duration::from_secs(40));
            if outcome.is_ok() {
                return server;
            }
        }
        panic!("{outcome:?}");
    }

    /// Stops it, as a machine that is switched off.
    ///
    /// # Panics
    ///
    /// If it can't be stopped.
    pub fn stop(&mut self) {
        self.end().expect("it ends");
    }

    fn end(&mut self) -> std::io::Result<()> {
        drop(self.child.stdin.take());
        self.child.wait().map(drop)
    }

    /// Starts it again at the same address; one that keeps its data in memory has an empty bucket then.
    ///
    /// # Panics
    ///
    /// If it can't be started.
    pub fn start_again(&mut self) {
        self.child = command(self.kind, &self.ports, &self.folder).spawn().expect("the server starts");
        self.wait_and_make_bucket(Duration::from_mins(2)).expect("the server starts again");
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.ports[0].number
    }

    /// The URL of a folder in its bucket.
    pub fn url(&self, prefix: &str) -> String {
        match self.kind {
            Kind::Moto | Kind::SeaweedFs => format!("s3://{BUCKET}/{prefix}"),
            Kind::Azurite => format!("az://{BUCKET}/{prefix}"),
        }
    }

    /// The variables by which programs find it at `port`, which is its own or a proxy's.
    pub fn variables(&self, port: u16) -> Vec<(&'static str, String)> {
        match self.kind {
            Kind::Moto | Kind::SeaweedFs => vec![
                ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
                ("AWS_ACCESS_KEY_ID", "for-tests".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "for-tests-only".to_owned()),
                ("AWS_REGION", "us-east-1".to_owned()),
            ],
            Kind::Azurite => vec![
                ("AZURE_STORAGE_USE_EMULATOR", "true".to_owned()),
                ("AZURITE_BLOB_STORAGE_URL", format!("http://127.0.0.1:{port}")),
                ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT.to_owned()),
                ("AZURE_STORAGE_ACCOUNT_KEY", KEY.to_owned()),
            ],
        }
    }

    fn wait_and_make_bucket(&mut self, limit: Duration) -> Result<(), String> {
        let since = Instant::now();
        loop {
            let answer = self.make_bucket();
            if let Ok(answer) = &answer
                && [" 200 ", " 201 ", " 409 "].iter().any(|status| answer.contains(status))
                // Another server may have the port.
                && matches!(self.child.try_wait(), Ok(None))
            {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("{:?} ended: {status}", self.kind));
            }
            if since.elapsed() > limit {
                return Err(format!("{:?} on port {} is not ready: {answer:?}", self.kind, self.port()));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The first line of the answer.
    fn make_bucket(&self) -> std::io::Result<String> {
        let (target, headers) = match self.kind {
            Kind::Moto | Kind::SeaweedFs => (format!("/{BUCKET}"), String::new()),
            Kind::Azurite => {
                let printed = {
                    let mut python = Command::new(environment().join("python3"));
                    let signed = python.args(["-c", SIGN, ACCOUNT, KEY, BUCKET]).output()?;
                    String::from_utf8_lossy(&signed.stdout).into_owned()
                };
                (format!("/{ACCOUNT}/{BUCKET}?restype=container"), printed)
            }
        };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port()))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let headers: String = headers.lines().flat_map(|line| [line, "\r\n"]).collect();
        let host = format!("127.0.0.1:{}", self.port());
        write!(
            stream,
            "PUT {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.lines().next().unwrap_or_default().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been stopped.
        let _ = self.end();
    }
}

/// Prints the headers of a signed request for a container.
const SIGN: &str = r#"
import base64, hashlib, hmac, sys
from email.utils import formatdate
account, key, container = sys.argv[1:]
date = formatdate(usegmt=True)
headers = f"x-ms-date:{date}\nx-ms-version:2021-12-02\n"
resource = f"/{account}/{account}/{container}\nrestype:container"
text = "PUT\n\n\n\n\n\n\n\n\n\n\n\n" + headers + resource
signature = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
print(f"x-ms-date: {date}\nx-ms-version: 2021-12-02\nAuthorization: SharedKey {account}:{signature}")
"#;

fn command(kind: Kind, ports: &[Port], folder: &tempfile::TempDir) -> Command {
    let environment = environment();
    let port = ports[0].number;
    let command = match kind {
        Kind::Moto => {
            let mut command = Command::new(environment.join("moto_server"));
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            command
        }
        Kind::SeaweedFs => {
            let mut command = Command::new(environment.join("weed"));
            command.arg(format!("-logdir={}", folder.path().display()));
            command.args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.max=20", "-s3"]);
            command.arg(format!("-dir={}", folder.path().display())).arg("-master.volumeSizeLimitMB=128");
            command.arg(format!("-s3.port={port}"));
            // Two servers can't run at once with these, whose ports are fixed.
            command.args(["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]);
            for (service, port) in ["-master.port", "-volume.port", "-filer.port"].iter().zip(&ports[1..]) {
                command.arg(format!("{service}={}", port.number));
            }
            command
        }
        Kind::Azurite => {
            let program = std::env::var_os("JOBLIB_TEST_AZURITE")
                .map_or_else(|| target().join("azurite/azurite-blob"), PathBuf::from);
            let mut command = Command::new(program);
            command.args(["--silent", "--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort"]);
            command.arg(port.to_string()).arg("--location").arg(folder.path());
            command
        }
    };
    assert!(
        std::path::Path::new(command.get_program()).exists(),
        "no {} here: run `cargo xtask test`, which installs it",
        command.get_program().display()
    );
    watched(&command)
}

/// The command of a server that is killed when its standard input ends, which is also when this process does.
fn watched(server: &Command) -> Command {
    // The shell itself ends when the server does.
    const WATCH: &str = r#"
        exec 3<&0
        "$@" </dev/null 3<&- &
        server=$!
        { read -r _; kill -9 "$server"; } <&3 3<&- 2>/dev/null &
        exec 3<&-
        wait "$server"
        status=$?
        kill "$!" 2>/dev/null
        exit "$status"
    "#;
    let mut command = Command::new("sh");
    command.args(["-c", WATCH, "sh"]).arg(server.get_program()).args(server.get_args());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The folder of the programs of the Python environment.
fn environment() -> PathBuf {
    std::env::var_os("JOBLIB_TEST_PYTHON_SERVERS").map_or_else(
        || target().join("venv-servers/bin"),
        |python| PathBuf::from(python).parent().map(PathBuf::from).unwrap_or_default(),
    )
}

fn target() -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")
}

/// A port that was free, and that no other test takes while this is there.
#[derive(Debug)]
struct Port {
    number: u16,
    /// Locked; the system unlocks it when this process ends.
    _taken: Vec<File>,
}

impl Port {
    fn new() -> Self {
        Self::with_all(|port| vec![port])
    }

    /// One that is free together with another that is so much higher.
    fn with_higher(distance: u16) -> Self {
        Self::with_all(|port| {
            let port = port % 30_000 + 10_000;
            vec![port, port + distance]
        })
    }

    fn with_all(of: impl Fn(u16) -> Vec<u16>) -> Self {
        (0..1000)
            .find_map(|_| {
                let numbers = of(free_port());
                let taken = numbers.iter().map(|number| taken(*number)).collect::<Option<_>>()?;
                let is_free = |number: &u16| TcpListener::bind(("127.0.0.1", *number)).is_ok();
                numbers.iter().all(is_free).then(|| Self { number: numbers[0], _taken: taken })
            })
            .expect("a free port")
    }
}

/// The lock of a port among tests; `None` if another has it.
fn taken(number: u16) -> Option<File> {
    let folder = target().join("tests/ports");
    fs::create_dir_all(&folder).expect("a folder for the locks of ports");
    let file = File::create(folder.join(number.to_string())).expect("a lock of a port");
    file.try_lock().is_ok().then_some(file)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address").port()
}
