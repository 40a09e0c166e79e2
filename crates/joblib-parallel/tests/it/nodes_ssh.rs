//! A node that a real `sshd` leads to, on this host.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use joblib_array::Array;
use joblib_parallel::backend::Nodes;
use joblib_parallel::{Parallel, delayed};

use crate::child;

/// The server, where `cargo xtask test` has not found that there is none.
fn sshd() -> Option<PathBuf> {
    let without = std::env::var("JOBLIB_TEST_WITHOUT").unwrap_or_default();
    if without.split(',').any(|program| program == "sshd") {
        return None;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.find_map(|folder| Some(folder.join("sshd")).filter(|path| path.exists()));
    Some(found.expect("a sshd: install openssh-server, or name it in JOBLIB_TEST_WITHOUT"))
}

/// A server for this user alone, which ends with this.
struct Server {
    process: Child,
    folder: tempfile::TempDir,
}

impl Server {
    fn start(sshd: &Path) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        for key in ["host", "user"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file(key));
            assert!(keygen.status().unwrap().success());
        }
        fs::copy(file("user.pub"), file("authorized")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let of = |name: &str| file(name).to_str().unwrap().to_owned();
        let server = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n",
            of("host"),
            of("authorized")
        );
        fs::write(file("sshd_config"), server).unwrap();
        // No file of this user's own is read or written.
        let client = format!(
            "Host node\n HostName 127.0.0.1\n Port {port}\n IdentityFile {}\n IdentitiesOnly yes\n StrictHostKeyChecking no\n \
             UserKnownHostsFile {}\n LogLevel ERROR\n",
            of("user"),
            of("known")
        );
        fs::write(file("ssh_config"), client).unwrap();
        let command = format!("exec /usr/bin/env ssh -F {} \"$@\"", of("ssh_config"));
        fs::create_dir(file("bin")).unwrap();
        let path = std::env::var("PATH").unwrap();
        fs::write(file("bin/ssh"), format!("#!/bin/sh\nPATH={path:?}\n{command}\n")).unwrap();
        fs::set_permissions(file("bin/ssh"), fs::Permissions::from_mode(0o755)).unwrap();
        // Where its service does not run, the folder that it wants is missing.
        let _ = fs::create_dir("/run/sshd");
        let log = fs::File::create(file("log")).unwrap();
        let mut command = Command::new(sshd);
        command.args(["-D", "-e", "-f"]).arg(file("sshd_config")).stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.stderr(log).spawn().unwrap();
        let mut server = Server { process, folder };
        let until = Instant::now() + Duration::from_secs(30);
        while !server.log().contains("Server listening") {
            let ended = server.process.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < until, "{ended:?}: {}", server.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_with_a_node_by_ssh() {
    let task = |array: Array<f64>, k: usize| {
        eprintln!("task {k}");
        (std::env::var("SSH_CONNECTION").is_ok(), array.is_mapped(), array.as_slice()[k])
    };
    let array = Array::from_vec((0..500_000).map(f64::from).collect(), &[500_000]).unwrap();
    for _ in 0..2 {
        let tasks = (0..20).map(|k| delayed(task, (array.clone(), k)));
        let results = Parallel::new().backend(Nodes::ssh(["node"])).n_jobs(2).run(tasks).unwrap();
        assert_eq!(results, (0..20).map(|k| (true, true, f64::from(k))).collect::<Vec<_>>());
    }
    let error = Parallel::new().backend(Nodes::ssh(["nowhere.invalid"])).run([delayed(u8::count_ones, (1,))]);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("start node nowhere.invalid") && error.contains("exit status: 255"), "{error}");
    println!("all by ssh");
}

#[test]
fn a_real_sshd_leads_to_a_node() {
    let Some(sshd) = sshd() else { return };
    let server = Server::start(&sshd);
    let mut role = child::role("nodes_ssh::a_program_with_a_node_by_ssh");
    let path = format!("{}:{}", server.folder.path().join("bin").display(), std::env::var("PATH").unwrap());
    let printed = child::play(role.env("PATH", path).env_remove("SSH_CONNECTION"));
    assert!(printed.contains("all by ssh"), "{printed}\n{}", server.log());
    assert!(server.log().contains("Accepted publickey"), "{}", server.log());
}
