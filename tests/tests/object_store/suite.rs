//! The suite of stores, on real servers.

use joblib_store::{StoreOptions, conformance, open};
use joblib_tests::child;
use joblib_tests::server::{Kind, Server};

use crate::{arguments, role};

#[test]
#[ignore = "the role of a child process"]
fn keep_the_contract() {
    let url = &arguments()[0];
    let exact = |name: &str| StoreOptions::new(format!("{url}/{name}")).option("sweep_every", "0");
    conformance::run(|name| open("object", &exact(name)).unwrap());
}

fn keeps_the_contract(kind: Kind) {
    let server = Server::start(kind);
    child::complete(&mut role(keep_the_contract, &server, server.port(), "suite", ""));
}

#[test]
fn a_bucket_of_moto_keeps_the_contract() {
    keeps_the_contract(Kind::Moto);
}

#[test]
fn a_bucket_of_seaweedfs_keeps_the_contract() {
    keeps_the_contract(Kind::SeaweedFs);
}

#[test]
fn a_container_of_azurite_keeps_the_contract() {
    keeps_the_contract(Kind::Azurite);
}
