//! The guard against calls into private networks (SSRF), by a test that owns the names: nothing is asked of any real
//! resolver, and a listener on this machine counts who comes.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use guildhall_domain::{error::Unreachable, text::WebUrl};
use guildhall_services::ports::{Body, Fetch as _, Question};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};
use url::Url;

use super::{
    Fetcher, Place,
    names::{Looking, Names},
};

/// Names that lead where the test says; to something else each time they are asked for, where it says so.
#[derive(Clone, Default)]
struct Owned(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    asked: Vec<String>,
}

impl Owned {
    /// `name` leads to each of `answers` in turn, and from the last one on to that.
    fn lead(&self, name: &str, answers: &[&[&str]]) {
        let parsed = answers.iter().map(|some| some.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        self.0.lock().unwrap().answers.insert(name.to_owned(), parsed);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    fn fetcher(&self, loopback: bool) -> Fetcher {
        Fetcher::with_names(loopback, Box::new(self.clone())).unwrap()
    }
}

impl Names for Owned {
    fn look_up<'a>(&'a self, name: &'a str) -> Looking<'a> {
        Box::pin(async move {
            let mut book = self.0.lock().unwrap();
            book.asked.push(name.to_owned());
            let answers = book.answers.get_mut(name).ok_or(io::Error::other("no such name"))?;
            Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
        })
    }
}

/// A listener at `ip` that answers everybody; its port, and how many came.
async fn sentinel(ip: Ipv4Addr, port: u16, answer: String) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((ip, port)).await.unwrap();
    let (port, came) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = came.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, came)
}

fn fine() -> String {
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_owned()
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Vec<u8>, Unreachable> {
    fetcher.send(&Question::get(url.parse().unwrap())).await
}

/// Addresses that nobody is called at, by what they are of.
const PRIVATE: [(&str, &[&str]); 15] = [
    ("this network", &["0.0.0.0", "0.1.2.3"]),
    ("private networks", &["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1"]),
    ("this machine", &["127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"]),
    ("the link, with a cloud's metadata", &["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::a9fe:a9fe"]),
    ("a carrier's NAT", &["100.64.0.1", "100.127.255.255", "100.100.100.200"]),
    ("multicast", &["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"]),
    ("broadcast and reserved", &["255.255.255.255", "240.0.0.1"]),
    ("protocols, tests and documentation", &["192.0.0.8", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1"]),
    ("documentation", &["2001:db8::1", "3fff::1"]),
    ("IPv4 in IPv6, mapped", &["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"]),
    ("IPv4 in IPv6, compatible and translated", &["::127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1", "::"]),
    ("IPv4 behind NAT64", &["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1"]),
    ("IPv4 behind 6to4", &["2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:1::1"]),
    ("IPv4 behind Teredo", &["2001::7f00:1", "2001:0:53aa:64c:0:0:80ff:fffe"]),
    ("local networks of IPv6", &["fc00::1", "fd00:ec2::254", "fec0::1"]),
];

#[tokio::test]
async fn a_name_of_a_private_network_leads_nowhere_whoever_else_it_leads_to() {
    let (names, (port, came)) = (Owned::default(), sentinel(Ipv4Addr::LOCALHOST, 0, fine()).await);
    let fetcher = names.fetcher(false);
    for (of, addresses) in PRIVATE {
        for private in addresses {
            names.lead("tenant.test", &[&[private]]);
            names.lead("first.test", &[&["93.184.216.34", private]]);
            names.lead("last.test", &[&[private, "93.184.216.34"]]);
            for name in ["tenant.test", "first.test", "last.test"] {
                for url in [format!("https://{name}:{port}/"), format!("http://{name}:{port}/")] {
                    assert_eq!(get(&fetcher, &url).await, Err(Unreachable::NoPublicAddress), "{of}: {private}, {url}");
                }
            }
        }
    }
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_address_is_one_however_it_is_spelled_and_no_resolver_is_asked() {
    let (names, (port, came)) = (Owned::default(), sentinel(Ipv4Addr::LOCALHOST, 0, fine()).await);
    let fetcher = names.fetcher(false);
    let spelled = [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0x7f.0.0.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("%31%32%37.0.0.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("2852039166", "169.254.169.254"),
        ("0xa9.0xfe.0xa9.0xfe", "169.254.169.254"),
        ("0251.0376.0251.0376", "169.254.169.254"),
        ("169.254.43518", "169.254.169.254"),
        ("3232235777", "192.168.1.1"),
        ("[::ffff:7f00:1]", "[::ffff:7f00:1]"),
        ("[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:7f00:1]"),
        ("[::7f00:1]", "[::7f00:1]"),
        ("[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]"),
    ];
    for (host, meant) in spelled {
        for scheme in ["https", "http"] {
            let url = format!("{scheme}://{host}:{port}/");
            assert_eq!(Url::parse(&url).unwrap().host_str(), Some(meant), "{url}");
            assert_eq!(get(&fetcher, &url).await, Err(Unreachable::NoPublicAddress), "{url}");
        }
    }
    assert_eq!((names.asked(), came.load(Ordering::SeqCst)), (vec![], 0));
}

#[tokio::test]
async fn a_name_that_changes_its_answer_is_asked_once_and_what_was_looked_at_is_connected_to() {
    let names = Owned::default();
    let (port, looked_at) = sentinel(Ipv4Addr::LOCALHOST, 0, fine()).await;
    let (_, rebound) = sentinel(Ipv4Addr::new(127, 0, 0, 2), port, fine()).await;
    let fetcher = names.fetcher(true);
    let url = format!("http://rebinding.test:{port}/");
    for round in 0..100 {
        names.lead("rebinding.test", &[&["127.0.0.1"], &["127.0.0.2"], &["10.0.0.1"]]);
        assert!(get(&fetcher, &url).await.is_ok());
        assert_eq!(names.asked(), ["rebinding.test"], "once");
        assert_eq!((looked_at.load(Ordering::SeqCst), rebound.load(Ordering::SeqCst)), (round + 1, 0));

        names.lead("rebinding.test", &[&["10.0.0.1"], &["127.0.0.1"]]);
        assert_eq!(get(&fetcher, &url).await, Err(Unreachable::NoPublicAddress), "what it would say next is no matter");
        assert_eq!(names.asked(), ["rebinding.test"]);
    }
    assert_eq!((looked_at.load(Ordering::SeqCst), rebound.load(Ordering::SeqCst)), (100, 0));
}

#[tokio::test]
async fn a_resolver_that_fails_or_knows_nothing_is_a_refusal() {
    let names = Owned::default();
    names.lead("empty.test", &[&[]]);
    for loopback in [false, true] {
        let fetcher = names.fetcher(loopback);
        for name in ["unknown.test", "empty.test"] {
            assert_eq!(get(&fetcher, &format!("https://{name}/")).await, Err(Unreachable::NoPublicAddress));
        }
    }
}

#[tokio::test]
async fn a_redirect_into_a_private_network_is_not_followed_and_its_name_not_asked_for() {
    let (names, (target, came)) = (Owned::default(), sentinel(Ipv4Addr::LOCALHOST, 0, fine()).await);
    names.lead("tenant.test", &[&["127.0.0.1"]]);
    names.lead("inside.test", &[&["127.0.0.1"]]);
    let fetcher = names.fetcher(true);
    for code in [301, 302, 303, 307, 308] {
        for to in [format!("http://inside.test:{target}/"), format!("http://127.0.0.1:{target}/")] {
            let answer = format!("HTTP/1.1 {code} Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
            let (port, _) = sentinel(Ipv4Addr::LOCALHOST, 0, answer).await;
            let url: WebUrl = format!("http://tenant.test:{port}/").parse().unwrap();
            for question in [Question::get(url.clone()), Question::post(url, Body::Json("{}".into()))] {
                assert_eq!(fetcher.send(&question).await, Err(Unreachable::Status(code)), "{code} to {to}");
                assert_eq!(names.asked(), ["tenant.test"]);
            }
        }
    }
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn credentials_other_schemes_and_ports_of_other_services_are_not_called() {
    let (names, public) = (Owned::default(), "93.184.216.34");
    names.lead("tenant.test", &[&[public]]);
    for url in [
        "https://user:pass@tenant.test/",
        "https://user@tenant.test/",
        "https://@tenant.test/",
        "https://good.test\\@tenant.test/",
        "https://good.test\t@tenant.test/",
        "file:///etc/passwd",
        "file://tenant.test/etc/passwd",
        "gopher://tenant.test:6379/_FLUSHALL",
        "dict://tenant.test:11211/stat",
        "ftp://tenant.test/",
        "ldap://tenant.test/",
        "unix:/run/docker.sock",
        "//tenant.test/",
    ] {
        assert!(url.parse::<WebUrl>().is_err(), "{url} is no address at all");
        // Nor would it be called if it came in another way.
        let place = Url::parse(url).ok().filter(|url| url.has_host()).and_then(|url| Place::of(&url).ok());
        let harmless = |place: Place| place.host.to_string() == "good.test" || url == "https://@tenant.test/";
        assert!(place.is_none_or(harmless), "{url}");
    }
    let fetcher = names.fetcher(true);
    for port in [21, 22, 25, 53, 80, 110, 143, 389, 445, 465, 587, 993] {
        let refused = get(&fetcher, &format!("https://tenant.test:{port}/")).await;
        assert_eq!(refused, Err(Unreachable::NotCalled), "{port}");
    }
    for url in ["http://tenant.test/", "http://tenant.test:443/", "http://tenant.test:8080/"] {
        assert_eq!(get(&fetcher, url).await, Err(Unreachable::NotCalled), "{url}");
    }
    names.asked();
    // Whose name it is that is asked for, where a URL looks as if it had two.
    for (url, meant) in [
        ("https://tenant.test:25?@evil.test/", "tenant.test"),
        ("https://tenant.test:25#@evil.test/", "tenant.test"),
        ("https://tenant.test:25/@evil.test/", "tenant.test"),
        ("https://TENANT.test:25/", "tenant.test"),
    ] {
        assert_eq!(get(&fetcher, url).await, Err(Unreachable::NotCalled), "{url}");
        assert_eq!(names.asked(), [meant], "{url}");
    }
    assert_eq!(get(&fetcher, "https://tenant.test%40evil.test/").await, Err(Unreachable::NotCalled));
    assert_eq!(names.asked(), [""; 0]);
}

/// A server with a certificate for `good.test`, and a fetcher that trusts who signed it.
async fn secured(names: &Owned) -> (Fetcher, u16, Arc<AtomicUsize>) {
    let made = rcgen::generate_simple_self_signed(["good.test".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let server = server.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(fine().as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    (Fetcher { tls: TlsConnector::from(Arc::new(client)), ..names.fetcher(true) }, port, asked)
}

#[tokio::test]
async fn who_answers_must_be_who_was_asked_for() {
    let names = Owned::default();
    let (fetcher, port, asked) = secured(&names).await;
    names.lead("good.test", &[&["127.0.0.1"]]);
    names.lead("other.test", &[&["127.0.0.1"]]);
    assert_eq!(get(&fetcher, &format!("https://good.test:{port}/")).await, Ok(b"{}".to_vec()));
    for host in ["other.test", "127.0.0.1", "2130706433"] {
        assert_eq!(get(&fetcher, &format!("https://{host}:{port}/")).await, Err(Unreachable::Tls), "{host}");
    }
    let trusting_browsers_roots = names.fetcher(true);
    let refused = get(&trusting_browsers_roots, &format!("https://good.test:{port}/")).await;
    assert_eq!(refused, Err(Unreachable::Tls), "signed by nobody who is known");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "nothing is said to a stranger");
}
