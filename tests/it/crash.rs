//! Ends that nobody planned, through the real binary: kill -9, signals, a full disk, a folder that
//! can't be written, a locked file (group K of the catalogue of faults).

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wiretape::wire::Direction;

use crate::support::load::{Load, Pace, client_frame, connect, echo_server, server_frame};
use crate::support::proxy::{Options, start_proxy, try_start};
use crate::support::recorded::Recorded;
use crate::support::{assert_same_bytes, noise};

/// What is older than this when the recorder is killed must be in the file.
const KEPT_AFTER: Duration = Duration::from_millis(50);

const KILLS: u64 = 20;

/// The counters recorded in one direction are 0, 1, 2, …; gives how many there are.
#[track_caller]
fn counted(recorded: &Recorded, connection: i64, direction: Direction) -> u64 {
    let frames = recorded.frames(connection, direction);
    for (number, frame) in frames.iter().enumerate() {
        let counter = frame.frame.payload.get(..8).map(|bytes| bytes.try_into().unwrap());
        assert_eq!(counter.map(u64::from_be_bytes), Some(number as u64), "{direction:?}");
    }
    frames.len() as u64
}

#[test]
fn kill_9_at_random_moments_loses_nothing_older_than_50_ms() {
    let server = echo_server();
    for kill in 0..KILLS {
        // Other programs on a loaded machine are not what is tested. Without the right to go
        // first, `nice` says so and runs it all the same.
        let under = ["nice", "-n", "-15"].map(str::to_owned).to_vec();
        // Nor is a disk that other programs keep busy: what a kill can lose is in memory, wherever
        // the file is.
        let memory = Path::new("/dev/shm");
        let folder = memory.is_dir().then(|| tempfile::tempdir_in(memory).unwrap());
        let dir = folder.as_ref().map(|folder| folder.path().to_owned());
        let proxy = start_proxy(server, Options { under, dir, ..Options::default() });
        // At full speed more comes than a debug build stores, so that the traffic must wait.
        let pace = if kill % 2 == 0 { Pace::Full } else { Pace::Steady };
        let loads: Vec<Load> = (0..3).map(|_| Load::start_at(proxy.address, pace)).collect();
        let stalls = Stalls::watch();
        // Whoever lets others go first must not hold a lock meanwhile that the writer waits for.
        let _busy = (kill % 4 < 2).then(Busy::keep);
        // The moment is random for the seed: counted in echoes, then in milliseconds.
        let random = u64::from_le_bytes(noise(kill * 7919 + 3, 8).try_into().unwrap());
        loads[0].wait_for(1 + random % 500);
        std::thread::sleep(Duration::from_millis(random / 500 % 250));
        let killed_at = Instant::now();
        // A frame is waited for by three threads: the relay, the writer, and the client's.
        let kept_after = KEPT_AFTER + 3 * stalls.longest();
        let ended = proxy.kill();
        let carried: Vec<_> = loads.into_iter().map(Load::ended).collect();
        let recorded = Recorded::open(&ended.recording);
        assert_eq!(recorded.gaps(), (0, 0, 0));
        let rows = recorded.connections();
        for (index, client) in carried.iter().enumerate() {
            let old =
                client.echoes.iter().filter(|at| **at + kept_after < killed_at).count() as u64;
            let row = rows.get(index);
            assert!(row.is_some() || old == 0, "kill {kill}: connection {index} is missing");
            let Some(row) = row else { continue };
            assert_eq!(row.ending, None, "nobody knows how it ended");
            for direction in Direction::BOTH {
                let kept = counted(&recorded, row.id, direction);
                assert!(kept >= old, "kill {kill}: {kept} of {old} frames {direction:?} kept");
                assert!(kept <= client.sent, "more than was sent");
            }
        }
        let finished: Option<i64> = recorded
            .sql
            .query_row("SELECT finished_ns FROM recording", [], |row| row.get(0))
            .unwrap();
        assert_eq!(finished, None);
        let info = info(&ended.recording);
        assert!(info.contains("interrupted"), "{info}");
        let open = rows.iter().filter(|row| row.ending.is_none()).count();
        assert_eq!(info.matches("  open when cut\n").count(), open, "{info}");
    }
}

/// Keeps every core busy, and as many again waiting for it.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn keep() -> Self {
        let going = Arc::new(AtomicBool::new(true));
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        for _ in 0..2 * cores {
            let going = Arc::clone(&going);
            std::thread::spawn(move || {
                while going.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(going)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// How long the machine itself held threads up: on a loaded one, no promise in milliseconds holds
/// for a thread that is not run.
struct Stalls(Arc<Mutex<Duration>>);

impl Stalls {
    const LOOK: Duration = Duration::from_millis(5);

    fn watch() -> Self {
        let longest: Arc<Mutex<Duration>> = Arc::default();
        let weak = Arc::downgrade(&longest);
        std::thread::spawn(move || {
            while let Some(longest) = weak.upgrade() {
                let before = Instant::now();
                std::thread::sleep(Self::LOOK);
                let late = before.elapsed().saturating_sub(Self::LOOK);
                let mut longest = longest.lock().unwrap();
                *longest = late.max(*longest);
            }
        });
        Self(longest)
    }

    fn longest(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

fn info(recording: &Path) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_wiretape")).arg("info").arg(recording).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn sigterm_under_load_loses_nothing() {
    let server = echo_server();
    let proxy = start_proxy(server, Options::default());
    let loads: Vec<Load> = (0..4).map(|_| Load::start(proxy.address)).collect();
    for load in &loads {
        load.wait_for(500);
    }
    // Two clients are still at it when the grace is over; two finish within it.
    proxy.signal("TERM");
    let mut loads = loads.into_iter();
    let finishing: Vec<_> = loads.by_ref().take(2).map(Load::finish).collect();
    let cut: Vec<_> = loads.map(Load::ended).collect();
    let ended = proxy.wait();
    assert!(ended.status.success(), "{} {}", ended.status, ended.stderr);
    let recorded = Recorded::open(&ended.recording);
    assert_eq!(recorded.gaps(), (0, 0, 0));
    let rows = recorded.connections();
    for (client, row) in finishing.iter().zip(&rows) {
        for direction in Direction::BOTH {
            assert_eq!(counted(&recorded, row.id, direction), client.sent);
        }
        assert_eq!(row.ending.as_deref(), Some("eof"));
    }
    for (client, row) in cut.iter().zip(&rows[2..]) {
        let received = client.echoes.len() as u64;
        assert_eq!(
            (row.ending.as_deref(), row.ended_by.as_deref()),
            (Some("stopped"), Some("proxy"))
        );
        // The last rows may be cut where the relay stopped; all that arrived is there.
        let back = recorded.wire(row.id, Direction::ServerToClient);
        let arrived: Vec<u8> = (0..received).flat_map(server_frame).collect();
        assert!(back.len() >= arrived.len(), "{} of {} bytes", back.len(), arrived.len());
        assert_same_bytes("echoes", &arrived, &back[..arrived.len()]);
        let out = recorded.wire(row.id, Direction::ClientToServer);
        let sent: Vec<u8> = (0..received).flat_map(client_frame).collect();
        assert_same_bytes("what was echoed", &sent, &out[..sent.len()]);
    }
    let frames: i64 = rows.iter().map(|row| row.frames[0]).sum();
    assert_eq!(ended.summary()["frames"]["c2s"], frames);
}

#[test]
fn a_second_ctrl_c_ends_at_once_and_keeps_what_there_was() {
    let server = echo_server();
    let proxy = start_proxy(server, Options::default());
    let load = Load::start(proxy.address);
    load.wait_for(100);
    proxy.signal("INT");
    // Signals of one kind merge while they wait: the second counts once the first was taken, which
    // shows in that nobody is accepted any more.
    while std::net::TcpStream::connect(proxy.address).is_ok() {
        std::thread::yield_now();
    }
    proxy.signal("INT");
    let ended = proxy.wait();
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
    let received = load.ended().echoes.len() as u64;
    let recorded = Recorded::open(&ended.recording);
    let back = recorded.wire(1, Direction::ServerToClient);
    let arrived: Vec<u8> = (0..received).flat_map(server_frame).collect();
    assert_same_bytes("echoes", &arrived, &back[..arrived.len()]);
    assert!(!info(&ended.recording).contains("interrupted"));
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_a_disk_that_hangs() {
    let proxy = start_proxy(echo_server(), Options::default());
    let load = Load::start(proxy.address);
    load.wait_for(100);
    let path = proxy.recording.clone();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    load.finish();
    proxy.signal("INT");
    while std::net::TcpStream::connect(proxy.address).is_ok() {
        std::thread::yield_now();
    }
    proxy.signal("INT");
    let ended = proxy.wait();
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
    other.execute_batch("ROLLBACK").unwrap();
    let recorded = Recorded::open(&path);
    counted(&recorded, 1, Direction::ClientToServer);
}

#[test]
fn a_hangup_ends_in_order() {
    let server = echo_server();
    let proxy = start_proxy(server, Options::default());
    let load = Load::start(proxy.address);
    load.wait_for(10);
    let carried = load.finish();
    proxy.event("connection_closed");
    proxy.signal("HUP");
    let ended = proxy.wait();
    let recorded = Recorded::open(&ended.recording);
    assert_eq!(counted(&recorded, 1, Direction::ClientToServer), carried.sent);
    assert!(!info(&ended.recording).contains("interrupted"), "{:?}", ended.status);
}

/// A folder of its own file system, so small that it fills; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, loudly, where one may not mount.
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: mounting a small tmpfs needs root on Linux");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn resize(&self, size: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,size={size}")])
            .arg(self.path())
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[test]
fn a_full_disk_stops_the_recording_not_the_traffic_and_leaves_a_gap() {
    let Some(disk) = SmallDisk::mount("4m") else { return };
    let options = Options { dir: Some(disk.path().to_owned()), ..Options::default() };
    let server = echo_server();
    let proxy = start_proxy(server, options);
    let load = Load::start(proxy.address);
    let trouble = proxy.event("trouble");
    let told = trouble["text"].as_str().unwrap().to_lowercase();
    assert!(told.contains("the disk is full") && told.contains("traffic still flows"), "{told}");
    // Every echo is compared, so this shows that the traffic is byte-exact meanwhile.
    load.wait_for(2000);
    disk.resize("200m");
    let recovered = proxy.event("trouble");
    let told = recovered["text"].as_str().unwrap();
    assert!(told.contains("goes on"), "{told}");
    load.wait_for(2000);
    let carried = load.finish();
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    assert_eq!(ended.status.code(), Some(4), "lost frames show in the exit code");
    let recorded = Recorded::open(&ended.recording);
    let (gaps, frames, bytes) = recorded.gaps();
    assert!(gaps > 0);
    let kept: usize =
        Direction::BOTH.map(|direction| recorded.frames(1, direction).len()).into_iter().sum();
    assert_eq!(kept as i64 + frames, 2 * carried.sent as i64, "kept and lost make all");
    assert_eq!(bytes, frames * crate::support::load::PAYLOAD as i64);
    let reasons: Vec<String> = recorded
        .sql
        .prepare("SELECT DISTINCT reason FROM gaps")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(reasons, ["disk-full"]);
    let last = recorded.frames(1, Direction::ClientToServer).pop().unwrap().frame.payload;
    let last = u64::from_be_bytes(last[..8].try_into().unwrap());
    assert_eq!(last, carried.sent - 1, "the recording went on by itself");
}

#[test]
fn a_disk_that_is_full_from_the_start_is_said_and_leaves_nothing() {
    let Some(disk) = SmallDisk::mount("4k") else { return };
    std::fs::write(disk.path().join("filler"), [0; 4096]).unwrap();
    let dir = disk.path().join("recordings");
    let options = Options { dir: Some(dir.clone()), ..Options::default() };
    let Err(ended) = try_start("ws://127.0.0.1:1", &options) else { panic!("it started") };
    assert!(matches!(ended.status.code(), Some(2 | 4)), "{}: {}", ended.status, ended.stderr);
    assert!(ended.stderr.contains(dir.to_str().unwrap()), "{}", ended.stderr);
    let left = std::fs::read_dir(&dir).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing half-made");
}

#[test]
fn a_folder_that_may_not_be_written_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let open_to_all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open_to_all.clone()).unwrap();
    // Root may write anywhere: then somebody else has to try, with a copy that they may run.
    let copy = folder.path().join("wiretape");
    std::fs::copy(env!("CARGO_BIN_EXE_wiretape"), &copy).unwrap();
    std::fs::set_permissions(&copy, open_to_all).unwrap();
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o555)).unwrap();
    let as_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let command = || {
        if !as_root {
            return Command::new(&copy);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&copy);
        command
    };
    for dir in [closed.clone(), closed.join("below")] {
        let output = command()
            .args(["record", "ws://127.0.0.1:1", "--listen", "127.0.0.1:0", "--dir"])
            .arg(&dir)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(2 | 4)), "{}: {said}", output.status);
        assert!(said.contains("permission") && said.contains("closed"), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn a_file_locked_for_seconds_loses_nothing() {
    let server = echo_server();
    let proxy = start_proxy(server, Options::default());
    let load = Load::start(proxy.address);
    load.wait_for(100);
    let other = rusqlite::Connection::open(&proxy.recording).unwrap();
    other.busy_timeout(Duration::from_secs(20)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Five seconds are the fault itself, not a wait for something. The traffic goes on.
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        load.wait_for(1);
        std::thread::sleep(Duration::from_millis(20));
    }
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    let carried = load.finish();
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    let recorded = Recorded::open(&ended.recording);
    let (_, lost, _) = recorded.gaps();
    let kept: usize =
        Direction::BOTH.map(|direction| recorded.frames(1, direction).len()).into_iter().sum();
    assert_eq!(kept as i64 + lost, 2 * carried.sent as i64, "kept and lost make all");
}

#[test]
fn two_recorders_in_one_folder_take_different_names() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let options = Options { dir: Some(folder.path().to_owned()), ..Options::default() };
        start_proxy(echo_server(), options)
    };
    let proxies: Vec<_> =
        (0..8).map(|_| std::thread::scope(|s| s.spawn(start).join().unwrap())).collect();
    let mut paths: Vec<_> = proxies.iter().map(|proxy| proxy.recording.clone()).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 8);
    for proxy in proxies {
        drop(connect(proxy.address).unwrap());
        let ended = proxy.terminate();
        assert_eq!(Recorded::open(&ended.recording).connections().len(), 1);
    }
}
