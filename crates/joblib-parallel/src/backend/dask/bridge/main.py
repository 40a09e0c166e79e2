def reasons(error):
    texts = []
    while error is not None and len(texts) < 5:
        texts.append("%s: %s" % (type(error).__name__, error))
        error = error.__cause__ or error.__context__
    return "; because of ".join(texts)


def advice(where, error):
    """What to do where it is about encryption."""
    if str(where).startswith("tls://"):
        return ". A tls:// address needs certificates that both sides trust: Dask::tls, or Dask's own configuration"
    if "CommClosedError" in reasons(error) and "ConnectionRefusedError" not in reasons(error):
        return ". A scheduler that closes the connection may be an encrypted one: its address begins with tls:// then"
    return ""


async def connect():
    security = None
    if "ca" in options:
        security = Security(
            tls_ca_file=options["ca"], tls_client_cert=options["cert"], tls_client_key=options["key"],
            require_encryption=True,
        )
        try:
            security.get_connection_args("client")
        except Exception as error:
            refuse("the certificates of Dask::tls can't be used: %s" % reasons(error))
    address = options.get("address")
    file = options.get("scheduler_file")
    configured = dask.config.get("scheduler-address", None)
    where = address or file or configured or None
    timeout = float(options["wait"])
    if where is None:
        if "local" not in options:
            refuse(
                "there is no address of a Dask scheduler: set JOBLIB_DASK_ADDRESS or DASK_SCHEDULER_ADDRESS, use Dask::at, or "
                "Dask::local(true) to start a cluster on this machine"
            )
        from distributed import LocalCluster

        cluster = await LocalCluster(
            n_workers=1, threads_per_worker=int(options["local"]), processes=False, dashboard_address=None, asynchronous=True
        )
        return await Client(cluster, asynchronous=True, set_as_default=False), "this machine"
    until = asyncio.get_running_loop().time() + timeout
    while not address and file and not os.path.exists(file):
        if asyncio.get_running_loop().time() > until:
            refuse("there is no scheduler file %s after %s seconds: dask scheduler --scheduler-file writes it" % (file, options["wait"]))
        await asyncio.sleep(0.05)
    try:
        client = await Client(
            address, scheduler_file=None if address else file, asynchronous=True, set_as_default=False,
            timeout=timeout, security=security, name="joblib-clean" if "clean" in options else PROGRAM,
        )
    except Exception as error:
        refuse("there is no Dask scheduler at %s, or it does not answer: %s%s" % (where, reasons(error), advice(where, error)))
    if hasattr(client, "_timeout"):
        # The client closes when it could not connect again for as long as it tried the first time.
        client._timeout = max(client._timeout, float(options["reconnect"]))
    return client, where


def compare(versions, cores):
    """Refuses members of the cluster that have another Python; returns a line about each."""
    own, lines = ".".join(map(str, sys.version_info[:2])), []
    for where, part in [("the scheduler", versions["scheduler"])] + sorted(versions["workers"].items()):
        full, packages = part["host"]["python"], dict(part["packages"])
        lines.append((where, ".".join(full.split(".")[:3]), packages.get("distributed"), cores.get(where, 0)))
        python = ".".join(full.split(".")[:2])
        if python != own:
            refuse(
                "the caller's Python is %s (%s), and that of %s is %s: they have to be of one minor version; name another "
                "Python in JOBLIB_PYTHON" % (own, sys.executable, where, python)
            )
    return lines


async def prepare(client, where):
    """Waits for workers, and sees to it that they have the program; returns what serves the caller, and what it is told first."""
    until = asyncio.get_running_loop().time() + float(options["wait"])
    wanted = int(options.get("workers", "1"))
    while len(cores := await client.scheduler.ncores()) < wanted:
        if asyncio.get_running_loop().time() > until:
            refuse(
                "the Dask scheduler at %s has %d of %d workers after %s seconds: start workers, or raise JOBLIB_DASK_WAIT"
                % (where, len(cores), wanted, options["wait"])
            )
        await asyncio.sleep(0.05)
    members = compare(await client.get_versions(check=False), cores)
    sent = await install(client, 0, cores)
    bridge = Bridge(client, Output(stream), where)
    bridge.threads, bridge.arrays.workers = sum(cores.values()), dict(cores)
    await bridge.arrays.learn()
    refusals = await client.run(refusal_of, SHIM) if "probe" in options else {}
    own = "%s\t%s\t%s" % (sys.executable, ".".join(map(str, sys.version_info[:3])), distributed.__version__)
    lines = ["caller\t%s\t%d" % (own, sent)]
    lines += ["member\t%s\t%s\t%s\t%s\t%d" % (refusals.get(member[0], ""), *member) for member in members]
    return bridge, lines + ["cluster\t%d\t%s" % (bridge.threads, where), "runs"]


async def main():
    client, where = await connect()
    if "clean" in options:
        return await clean(client)
    preparing = asyncio.ensure_future(prepare(client, where))
    while not (await asyncio.wait({preparing}, timeout=0.1))[0]:
        if client.status != "running":
            refuse("the connection to the Dask scheduler at %s was lost" % where)
    try:
        bridge, lines = preparing.result()
    except Exception as error:
        refuse("the cluster of the Dask scheduler at %s can't be used: %s" % (where, reasons(error)))
    output = bridge.output
    output.write("".join("joblib-node %s\n" % line for line in lines).encode())
    bridge.start(bridge.watch())
    serving = bridge.start(bridge.serve(Frames(stream.dup())))
    await asyncio.wait({serving, bridge.start(bridge.over.wait())}, return_when=asyncio.FIRST_COMPLETED)
    serving.cancel()

    steps = [output.drain]
    if client.status == "running":
        # Else nobody is there to be told.
        steps += [bridge.cancel, lambda: client.run(tell, SHIM, "leave", SESSION, bridge.generation, on_error="ignore")]
    for step in steps:
        try:
            await asyncio.wait_for(step(), 10)
        except Exception:
            pass
    stream.close()
    await client.close(1)


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
