//! Bounds through the real binary: memory under floods and with peers that don't read, idle
//! connections, descriptors that run out, one stuck connection beside others.
//!
//! Short here; `tests/peers/soak.sh` runs the same for longer and with more.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::support::load::{
    Load, REQUEST, SWITCH, connect, echo_server, echo_server_after, read_head, serve,
};
use crate::support::proxy::{Options, start_proxy};
use crate::support::recorded::Recorded;
use crate::support::{NEVER, noise};

/// The ceiling of the whole process.
const MEMORY: u64 = 200 << 20;

/// The soak's number, or the test's own.
fn soak(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// N14: 600 MB of address space, in which the system counts stacks and arenas never touched too.
fn little_memory() -> Vec<String> {
    ["prlimit", "--as=600000000"].map(str::to_owned).to_vec()
}

/// A masked binary frame of 64 KiB.
fn large_frame() -> Vec<u8> {
    let mut frame = vec![0x82, 0xff];
    frame.extend_from_slice(&(64_u64 << 10).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(&noise(31, 64 << 10));
    frame
}

#[test]
fn memory_is_bounded_while_clients_flood() {
    let server = serve(|mut socket| {
        let mut buffer = vec![0; 256 << 10];
        while let Ok(1..) = socket.read(&mut buffer) {}
    });
    let proxy = start_proxy(server, Options { under: little_memory(), ..Options::default() });
    let until = Instant::now() + Duration::from_secs(soak("WIRETAPE_SOAK_SECONDS", 5));
    // Two with large frames, two with empty ones: bytes and rows.
    let frames = [large_frame(), [0x82, 0x80, 0, 0, 0, 0].repeat(5000)];
    let floods: Vec<_> = (0..4)
        .map(|number| {
            let (frame, address) = (frames[number % 2].clone(), proxy.address);
            std::thread::spawn(move || {
                let mut socket = connect(address).unwrap();
                let mut sent = 0;
                while Instant::now() < until {
                    socket.write_all(&frame).unwrap();
                    sent += frame.len() as u64;
                }
                sent
            })
        })
        .collect();
    let sent: u64 = floods.into_iter().map(|flood| flood.join().unwrap()).sum();
    let peak = proxy.peak_resident();
    println!("{} MB through; peak memory {} MB", sent >> 20, peak >> 20);
    assert!(peak < MEMORY, "{} MB of memory", peak >> 20);
    let ended = proxy.terminate();
    let recorded = Recorded::open(&ended.recording);
    assert_eq!(recorded.gaps(), (0, 0, 0));
    println!("file {} MB", std::fs::metadata(&ended.recording).unwrap().len() >> 20);
}

#[test]
fn memory_is_bounded_with_peers_that_do_not_read_and_others_go_on() {
    let count = soak("WIRETAPE_SOAK_STUCK", 40);
    let proxy = start_proxy(
        echo_server_after(count),
        Options { under: little_memory(), ..Options::default() },
    );
    let frame = large_frame();
    let stuck: Vec<TcpStream> = (0..count)
        .map(|_| {
            let mut socket = connect(proxy.address).unwrap();
            socket.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
            // Until every buffer on the way is full and the sender is held back.
            let mut rounds = 0;
            while socket.write_all(&frame).is_ok() {
                rounds += 1;
                assert!(rounds < 2000, "125 MB taken for a receiver that takes nothing");
            }
            socket
        })
        .collect();
    let load = Load::start(proxy.address);
    load.wait_for(5000);
    load.finish();
    let peak = proxy.peak_resident();
    println!("{} stuck connections; peak memory {} MB", stuck.len(), peak >> 20);
    assert!(peak < MEMORY, "{} MB of memory", peak >> 20);
    drop(stuck);
    proxy.terminate();
}

#[test]
fn idle_connections_cost_little_and_no_thread() {
    // Two descriptors for each, here as in the proxy, which raises its own limit as far as it may.
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let count = soak("WIRETAPE_SOAK_CONNECTIONS", 400).min((descriptors - 300) / 2);
    // One thread for all of them on the server's side, none for the clients.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for mut socket in listener.incoming().map_while(Result::ok) {
            read_head(&mut socket).unwrap();
            socket.write_all(SWITCH).unwrap();
            held.push(socket);
        }
    });
    let proxy = start_proxy(address, Options::default());
    drop(connect(proxy.address).unwrap());
    let (before, threads) = (proxy.resident(), proxy.threads());
    let idle: Vec<TcpStream> = (0..count).map(|_| connect(proxy.address).unwrap()).collect();
    let each = proxy.resident().saturating_sub(before) / count;
    println!("{count} idle connections: {each} bytes each, {} MB in all", proxy.resident() >> 20);
    assert!(each < 20 << 10, "{each} bytes for an idle connection");
    // One or the other of those that serve all may have been starting when they were counted.
    let more = proxy.threads().saturating_sub(threads);
    assert!(more * 50 < count, "{more} threads more: a connection costs no thread");
    drop(idle);
    let ended = proxy.terminate();
    let recorded = Recorded::open(&ended.recording);
    assert_eq!(recorded.connections().len() as u64, count + 1);
}

#[test]
fn running_out_of_descriptors_hurts_nobody_who_is_there_already() {
    let under = vec!["prlimit".to_owned(), "--nofile=64:64".to_owned()];
    // Who checks may still be at work when the talk is over; that is not what is looked at.
    let proxy =
        start_proxy(echo_server(), Options { under, ..Options::args(&["--rules", "none"]) });
    let load = Load::start(proxy.address);
    load.wait_for(100);
    let crowd: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut socket = TcpStream::connect(proxy.address).unwrap();
            socket.write_all(REQUEST).unwrap();
            socket
        })
        .collect();
    proxy.says("too many open files");
    load.wait_for(5000);
    let carried = load.finish();
    // With nobody talking, running out of descriptors must not keep the processor busy.
    let (busy, looked) = (proxy.processor_seconds(), Duration::from_secs(1));
    std::thread::sleep(looked);
    let spent = proxy.processor_seconds() - busy;
    assert!(spent < 0.3, "{spent} s of processor time in {looked:?} for nothing");
    drop(crowd);
    let deadline = Instant::now() + NEVER;
    while connect(proxy.address).is_err() {
        assert!(Instant::now() < deadline, "it does not recover");
    }
    let ended = proxy.terminate();
    let said = ended.of_kind("notice").len();
    assert!(said < 20, "{said} notices of one trouble");
    let recorded = Recorded::open(&ended.recording);
    assert_eq!(recorded.gaps(), (0, 0, 0), "the recorder has its descriptors");
    assert_eq!(recorded.connections()[0].frames, [carried.sent as i64; 2]);
}
