//! Nodes that the environment names, by commands which stand for those of a cluster.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use joblib_array::Array;
use joblib_parallel::backend::Nodes;
use joblib_parallel::{Parallel, delayed, effective_n_jobs};

use crate::child;

/// Runs the shell lines as a command of that name, before what is on the search path.
fn with_command(name: &str, lines: &str, role: &str) -> Command {
    let folder = tempfile::tempdir().unwrap().keep();
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = child::role(role);
    command.env("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()));
    command
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_whose_environment_names_the_nodes() {
    assert_eq!(effective_n_jobs(Some(2)).unwrap(), 2);
    let results = Parallel::new().n_jobs(4).batch_size(1).run((0..8).map(|_| {
        let task = || {
            std::thread::sleep(Duration::from_millis(2));
            std::env::var("NODE").unwrap_or_default()
        };
        delayed(task, ())
    }));
    let names: HashSet<_> = results.unwrap().into_iter().collect();
    assert_eq!(names, HashSet::from(["big1".to_owned(), "big2".to_owned()]));
}

#[test]
fn ssh_srun_and_any_command_reach_nodes_that_the_environment_names() {
    const ROLE: &str = "nodes_environment::a_program_whose_environment_names_the_nodes";
    // As the real one does: the words behind the host are put together to a line for a shell there.
    let ssh = "while [ \"$1\" != -- ]; do shift; done; export NODE=$2; shift 2; exec sh -c \"$*\"";
    child::play(
        with_command("ssh", ssh, ROLE).env("JOBLIB_BACKEND", "nodes").env("JOBLIB_NODES", "ssh big1 big2"),
    );
    // The real one runs the words as they are.
    let srun = "for word; do case $word in --nodelist=*) export NODE=${word#--nodelist=}; shift;; \
                --cpus-per-task=4|--jobid=17|--overlap|--unbuffered|--nodes=1|--ntasks=1) shift;; *) break;; esac; done; \
                exec \"$@\"";
    let mut slurm = with_command("srun", srun, ROLE);
    slurm.env("JOBLIB_BACKEND", "nodes").env("JOBLIB_NODES", "slurm");
    slurm
        .env("SLURM_JOB_ID", "17")
        .env("SLURM_JOB_NODELIST", "big[1-2]")
        .env("SLURM_JOB_CPUS_PER_NODE", "4(x2)");
    child::play(&mut slurm);
    let commands = "command env NODE=big1; env NODE=big2";
    child::play(child::role(ROLE).env("JOBLIB_BACKEND", "nodes").env("JOBLIB_NODES", commands));
}

#[test]
fn an_environment_that_names_no_nodes_is_a_usage_error() {
    let error = Nodes::slurm().unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("sbatch"), "{error}");
    let error = Parallel::new().backend("nodes").run([delayed(u8::count_ones, (1,))]).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("JOBLIB_NODES"), "{error}");
}

/// One that has nothing in common with the caller but the files.
#[test]
fn a_node_with_processes_a_network_and_a_name_of_its_own_is_reached_by_unshare() {
    let without = std::env::var("JOBLIB_TEST_WITHOUT").unwrap_or_default();
    if without.split(',').any(|program| program == "unshare") {
        return;
    }
    let mut words: Vec<&str> =
        "unshare --user --map-root-user --net --uts --pid --fork --kill-child --mount-proc"
            .split(' ')
            .collect();
    words.extend(["sh", "-c", "hostname elsewhere && exec \"$@\"", "sh"]);
    let nodes = Nodes::command(words);
    let array = Array::from_vec((0..300_000).map(f64::from).collect(), &[300_000]).unwrap();
    let task = |array: Array<f64>, n: usize| {
        let read = |path: &str| fs::read_to_string(path).unwrap();
        let interfaces = read("/proc/net/dev").lines().skip(2).count();
        let name = read("/proc/sys/kernel/hostname").trim().to_owned();
        (name, interfaces, nix::unistd::getppid().as_raw(), array.is_mapped(), array.as_slice()[n])
    };
    let tasks = (0..6).map(|n| delayed(task, (array.clone(), n)));
    let results = Parallel::new().backend(nodes).n_jobs(2).batch_size(1).run(tasks).unwrap();
    // Its agent is the first process there.
    let expected = (0..6).map(|n| ("elsewhere".to_owned(), 1, 1, true, f64::from(n)));
    assert_eq!(results, expected.collect::<Vec<_>>());
}
