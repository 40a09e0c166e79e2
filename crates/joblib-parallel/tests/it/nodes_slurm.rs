//! The node of an allocation that a real Slurm grants, on this host.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use joblib_array::Array;
use joblib_parallel::backend::Nodes;
use joblib_parallel::{Parallel, delayed};

use crate::child;

/// A controller and a node of Slurm for this user alone, which end with this.
struct Slurm {
    processes: Vec<Child>,
    folder: tempfile::TempDir,
}

impl Slurm {
    fn start() -> Slurm {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let said = |program: &str, argument: &str| {
            let output = Command::new(program).arg(argument).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let (host, user) = (said("uname", "-n"), said("id", "-un"));
        let host = host.split('.').next().unwrap();
        // Without munge, which is a service of its own.
        let lines = [
            "ClusterName=test".to_owned(),
            format!("SlurmctldHost={host}(127.0.0.1)"),
            format!("SlurmctldPort={}", port()),
            format!("SlurmdPort={}", port()),
            "AuthType=auth/none".to_owned(),
            "CredType=cred/none".to_owned(),
            format!("SlurmUser={user}"),
            format!("SlurmdUser={user}"),
            format!("StateSaveLocation={}", at("state")),
            format!("SlurmdSpoolDir={}", at("spool")),
            format!("SlurmctldPidFile={}", at("slurmctld.pid")),
            format!("SlurmdPidFile={}", at("slurmd.pid")),
            "ProctrackType=proctrack/linuxproc".to_owned(),
            "TaskPlugin=task/none".to_owned(),
            "SelectType=select/cons_tres".to_owned(),
            "ReturnToService=2".to_owned(),
            "MpiDefault=none".to_owned(),
            format!("NodeName={host} NodeAddr=127.0.0.1 CPUs=2"),
            "PartitionName=all Nodes=ALL Default=YES State=UP".to_owned(),
        ];
        for name in ["state", "spool"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::write(at("slurm.conf"), lines.join("\n") + "\n").unwrap();
        let mut slurm = Slurm { processes: Vec::new(), folder };
        for (program, arguments) in [("slurmctld", vec!["-D"]), ("slurmd", vec!["-D", "-N", host])] {
            let log = fs::File::create(slurm.folder.path().join(program)).unwrap();
            let mut command = slurm.command(program);
            command.arg("-f").arg(slurm.folder.path().join("slurm.conf")).args(arguments);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            slurm.processes.push(command.spawn().unwrap());
        }
        let until = Instant::now() + Duration::from_mins(2);
        loop {
            let output = slurm.command("sinfo").args(["-h", "-o", "%T"]).output().unwrap();
            if String::from_utf8_lossy(&output.stdout).trim() == "idle" {
                return slurm;
            }
            assert!(Instant::now() < until, "{output:?}\n{}", slurm.logs());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var("PATH").unwrap();
        command
            .env("PATH", format!("{path}:/usr/sbin"))
            .env("SLURM_CONF", self.folder.path().join("slurm.conf"));
        command
    }

    fn logs(&self) -> String {
        let log = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        ["slurmctld", "slurmd"].map(log).join("\n")
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_in_an_allocation() {
    let task = |array: Array<f64>, k: usize| {
        let step = std::env::var("SLURM_STEP_ID").is_ok();
        (
            step,
            std::env::var("SLURM_CPUS_PER_TASK").unwrap_or_default(),
            array.is_mapped(),
            array.as_slice()[k],
        )
    };
    let array = Array::from_vec((0..500_000).map(f64::from).collect(), &[500_000]).unwrap();
    for _ in 0..2 {
        let tasks = (0..20).map(|k| delayed(task, (array.clone(), k)));
        let results = Parallel::new().backend(Nodes::slurm().unwrap()).batch_size(1).run(tasks).unwrap();
        assert_eq!(results, (0..20).map(|k| (true, "2".to_owned(), true, f64::from(k))).collect::<Vec<_>>());
    }
    println!("all by srun");
}

#[test]
fn a_real_slurm_leads_to_the_node_of_an_allocation() {
    let without = std::env::var("JOBLIB_TEST_WITHOUT").unwrap_or_default();
    if without.split(',').any(|program| program == "slurmd") {
        return;
    }
    let slurm = Slurm::start();
    let role = child::role("nodes_slurm::a_program_in_an_allocation");
    let mut allocation = slurm.command("salloc");
    allocation
        .args(["--nodes=1", "--ntasks=1", "--cpus-per-task=2"])
        .arg(role.get_program())
        .args(role.get_args());
    let printed = child::play(&mut allocation);
    assert!(printed.contains("all by srun"), "{printed}\n{}", slurm.logs());
}
