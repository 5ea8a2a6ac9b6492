//! A real browser without a window, spoken to through two pipes (`--remote-debugging-pipe`, a message ends with a zero
//! byte): no port, and no crate for what is a few messages.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longer than any answer takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// Names of Chromium on the PATH.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--hide-scrollbars",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "about:blank",
];

/// The browser that `LACUNA_BROWSER` names, or one on the PATH. `LACUNA_BROWSER=required` is a failure where there is
/// none, else that is said and `None`.
fn find() -> Option<PathBuf> {
    let wanted = std::env::var("LACUNA_BROWSER").unwrap_or_default();
    let is_required = wanted == "required";
    if !wanted.is_empty() && !is_required {
        assert!(Path::new(&wanted).is_file(), "LACUNA_BROWSER={wanted} is no file");
        return Some(wanted.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let places = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = places.into_iter().find(|place| place.is_file());
    assert!(found.is_some() || !is_required, "no Chromium on the PATH; install one");
    if found.is_none() {
        eprintln!("SKIPPED: no browser. Put Chromium on the PATH, or name one by LACUNA_BROWSER");
    }
    found
}

/// A browser with one page.
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    next: u64,
    session: Value,
    /// What happened since the page was opened.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// `None` where there is no browser and none is required.
    pub fn start() -> Option<Self> {
        let browser = find()?;
        let profile = tempfile::tempdir().unwrap();
        // The pipes are its file descriptors 3 and 4; only a shell hands those on without unsafe code.
        let mut child = Command::new("sh")
            .arg("-c")
            .arg("exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null")
            .arg(browser)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(FLAGS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).unwrap();
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let session = Value::Null;
        let mut browser =
            Self { child, to, from, next: 0, session, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        browser.session = browser.call("Target.attachToTarget", attach)["sessionId"].clone();
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Sends a command and waits for its answer.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": params });
        if !self.session.is_null() {
            message["sessionId"] = self.session.clone();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.from.recv_timeout(PATIENCE).expect("the browser answers");
            if answer["id"] == self.next {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// Opens the file `path` in a window of `width` CSS pixels, a phone's where that is narrow.
    pub fn open(&mut self, path: &Path, width: u32) {
        self.events.clear();
        let phone =
            json!({ "width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", phone);
        let url = format!("file://{}", fs::canonicalize(path).unwrap().display());
        self.call("Page.navigate", json!({ "url": url }));
        self.until("document.readyState === 'complete' && location.protocol === 'file:'");
    }

    /// The value of a piece of JavaScript, awaited.
    pub fn value(&mut self, script: &str) -> Value {
        let params = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{script}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until `condition` is true.
    pub fn until(&mut self, condition: &str) {
        let began = Instant::now();
        while self.value(condition) != true {
            assert!(began.elapsed() < PATIENCE, "it never came: {condition}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses a key, as a finger does.
    pub fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "ArrowLeft" => 37,
            "ArrowRight" => 39,
            other => panic!("the code of {other} is not written down here"),
        };
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let key = json!({ "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", key);
        }
    }

    /// Moves the mouse to a place in the first element of `selector`, given as shares of its width and height.
    pub fn point(&mut self, selector: &str, (x, y): (f64, f64)) {
        self.mouse("mouseMoved", selector, (x, y), "none");
    }

    /// Presses the button there and lets it go.
    pub fn click(&mut self, selector: &str, at: (f64, f64)) {
        self.mouse("mousePressed", selector, at, "left");
        self.mouse("mouseReleased", selector, at, "left");
    }

    fn mouse(&mut self, kind: &str, selector: &str, (x, y): (f64, f64), button: &str) {
        let script = format!(
            "(() => {{ const e = document.querySelector({selector:?}); \
             e.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; }})()"
        );
        let edges: Vec<f64> = serde_json::from_value(self.value(&script)).unwrap();
        let (x, y) = (edges[0] + x * edges[2], edges[1] + y * edges[3]);
        let count = u8::from(button == "left");
        let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": count });
        self.call("Input.dispatchMouseEvent", event);
    }

    /// What went wrong since the page was opened: errors of its script, what was said on the console, and what it
    /// asked for besides itself.
    pub fn problems(&mut self) -> Vec<String> {
        // An answer comes after all that happened before it was asked for.
        self.value("new Promise(done => setTimeout(done, 100))");
        let own = self.value("location.href");
        let mut problems = Vec::new();
        for event in &self.events {
            let params = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded" => {
                    problems.push(params.to_string());
                }
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str().unwrap();
                    if params["request"]["url"] != own && !url.starts_with("data:") {
                        problems.push(format!("asked for {url}"));
                    }
                }
                _ => {}
            }
        }
        problems
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends by itself when its pipes close; a test that failed midway does not wait for that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
