# Four hosts with addresses of their own, which share no loopback: a scheduler's, two of workers and a caller's. Run in namespaces of
# its own, all of whose processes end with it.
#
# sh hosts.sh FOLDER PYTHON CALLER ROLE
set -eu
folder=$1 python=$2 caller=$3 role=$4
mount -t tmpfs none /run
ip link add switch type bridge
ip link set switch up
for host in 1 2 3 4; do
    ip netns add "host$host"
    ip link add "port$host" type veth peer name eth0 netns "host$host"
    ip link set "port$host" master switch
    ip link set "port$host" up
    ip netns exec "host$host" ip addr add "10.77.0.$host/24" dev eth0
    ip netns exec "host$host" ip link set eth0 up
    ip netns exec "host$host" ip link set lo up
done
on() {
    host=$1
    shift
    ip netns exec "host$host" "$@"
}
cd "$folder"
on 1 "$python" -m dask scheduler --host 10.77.0.1 --port 8786 --no-dashboard >scheduler.log 2>&1 &
# The second host has two workers.
for worker in 2 2b 3; do
    host=${worker%b}
    mkdir "worker$worker"
    on "$host" env "DASK_NODE=host$host" "$python" -m dask worker tcp://10.77.0.1:8786 --host "10.77.0.$host" --nthreads 1 \
        --nworkers 1 --no-nanny --no-dashboard --local-directory "worker$worker" >"worker$worker.log" 2>&1 &
done
export JOBLIB_DASK_ADDRESS=tcp://10.77.0.1:8786 JOBLIB_PYTHON="$python"
on 4 "$caller" --exact "$role" --ignored --nocapture
