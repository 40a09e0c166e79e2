

def agent_of(session, generation, mark):
    with lock:
        agent = agents.get(session)
    if agent is None or agent.ended:
        new = Agent(mark)
        with lock:
            agent = agents.get(session)
            if agent is None or agent.ended:
                agent = agents[session] = new
            else:
                new.stop()
    with lock:
        agent.generation = max(agent.generation, generation)
    return agent


def keep(session, generation, mark, number, written, blob):
    """Gives an array to the agent. To each its own if tasks write to it, which is not what other workers are to get.

    Returns the place of its memory, if other workers of this host may have that; False if it can't be had from such a place.
    """
    if refusal:
        return None
    try:
        agent = agent_of(session, generation, mark)
    except Refused:
        return None  # As the batch is, which is told why.
    with agent.order:
        if number not in agent.arrays:
            if isinstance(blob, bytes):
                # Where it is in a file.
                agent.send(struct.pack("<IB3sQ", FILE, 0, b"jlb", len(blob)), blob)
                agent.arrays[number] = None
            elif isinstance(blob, Blob):
                agent.give(number, blob, written)
            elif not agent.adopt(number, blob, written):
                return False
            agent.used, agent.idle = time.monotonic(), IDLE
        memory = agent.arrays[number]
        return memory.place if memory is not None else None


def run(key, session, mark, call, opening, number, tasks, batch, arrays, places, home):
    """Has a batch run; returns what the caller is to be sent, or the arrays that are missing.

    Of `arrays`, those in `places` can be had from there on that host, as what workers write to or not. `home` is a place on the
    caller's host, or None.
    """
    from distributed import get_worker

    if refusal:
        return ("refused", "%s: %s" % (get_worker().address, refusal))
    with lock:
        is_cancelled = key in cancelled
    # That of a caller that is gone is not started again.
    try:
        agent = None if is_cancelled else agent_of(session, *struct.unpack("<Q", call[8:16]), mark)
    except Refused as error:
        return ("refused", "%s: %s" % (get_worker().address, error))
    with lock:
        if key in cancelled:
            cancelled.discard(key)
            return ("lost", "cancelled")
        running[key] = agent, call
    try:
        missing, frames = agent.run(number, tasks, call, opening, batch, arrays, places)
    except Lost as error:
        return ("lost", "%s: %s" % (get_worker().address, error))
    except Refused as error:
        return ("refused", "%s: %s" % (get_worker().address, error))
    finally:
        with lock:
            running.pop(key, None)
            cancelled.discard(key)
    if missing:
        return ("missing", missing, get_worker().address, HOST)
    return ("done", packed(frames, home), get_worker().address)


def release(session, numbers):
    """Has the agent forget arrays."""
    with lock:
        agent = agents.get(session)
    if agent is None:
        return
    with agent.order:
        numbers = [number for number in numbers if number in agent.arrays]
        for number in numbers:
            del agent.arrays[number]
        if numbers:
            agent.send(struct.pack("<IB3sQ", RELEASE, 0, b"jlb", 16 * len(numbers)), b"".join(numbers))


def cancel(key):
    with lock:
        agent, call = running.get(key, (None, None))
        if agent is None:
            # Its thread may be about to begin it. Few are never asked for.
            if len(cancelled) >= 1000:
                cancelled.clear()
            cancelled.add(key)
    if agent is not None:
        agent.cancel(call)


def leave(session, generation):
    """The caller is gone, or needs nothing more; or only this connection of it is, and nothing that a later one uses."""
    with lock:
        agent = agents.get(session)
        if agent is None or agent.generation > generation:
            return
        del agents[session]
    agent.stop()


def stop_all():
    with lock:
        everybody = list(agents.values())
        agents.clear()
    for agent in everybody:
        agent.stop()


def share(counts):
    """Learns how many tasks run at a time on this host."""
    global together

    together = counts.get(host.address, threads)
