//! Connections to agents that wait for the next call.

use std::collections::BTreeMap;

use super::peer::Peer;
use crate::sync::ForkSafe;

struct Idle {
    /// By what leads to them.
    peers: Vec<(String, Peer)>,
    /// How many processors each host has.
    cpus: BTreeMap<String, usize>,
}

static IDLE: ForkSafe<Idle> = ForkSafe::new(Idle { peers: Vec::new(), cpus: BTreeMap::new() });

/// Takes a connection of this key, if there is one whose agent is there.
pub(crate) fn checkout(key: &str) -> Option<Peer> {
    loop {
        let mut peer = IDLE.with(|idle| {
            let position = idle.peers.iter().rposition(|(known, _)| known == key)?;
            Some(idle.peers.swap_remove(position).1)
        })?;
        if peer.is_alive() {
            return Some(peer);
        }
        IDLE.with(|idle| idle.cpus.remove(key));
    }
}

/// Keeps a connection for a later call.
pub(crate) fn park(peer: Peer) {
    IDLE.with(|idle| {
        idle.cpus.insert(peer.key.clone(), peer.cpus);
        idle.peers.push((peer.key.clone(), peer));
    });
}

/// How many processors the host has, if that was learned before.
pub(crate) fn cpus(key: &str) -> Option<usize> {
    IDLE.with(|idle| idle.cpus.get(key).copied())
}

/// Ends all idle connections, and with them their agents.
pub(crate) fn shutdown() {
    let _gone = IDLE.with(|idle| std::mem::take(&mut idle.peers));
}

/// In a forked process: leaves the connections to the parent, whose they are.
pub(crate) fn forget() {
    IDLE.with(|idle| std::mem::forget(std::mem::take(&mut idle.peers)));
}
