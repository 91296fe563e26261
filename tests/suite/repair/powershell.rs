//! The PowerShell script on a model of the file system: exactly the commands that are written are understood, and no others.
//!
//! What the library does around the lines of an instance stands here once more, in Rust: asking, keeping, undoing, exit codes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};

const LIBRARY: &str = include_str!("../../../src/report/repair/repair.ps1");

/// A script, taken apart.
pub(super) struct Script {
    functions: BTreeMap<String, Vec<String>>,
    /// What is done for `collect NAME` and for `NAME`.
    calls: Vec<(bool, String, Call)>,
}

#[derive(Clone)]
enum Call {
    Collect { number: String, are_files: bool },
    Repair { number: String, kept: String },
    Nothing,
}

/// Why a line did not do what it is for.
type Thrown = String;

impl Script {
    pub(super) fn parse(text: &str) -> Self {
        assert!(text.is_ascii(), "Windows PowerShell reads it in the code page of the machine");
        let (head, rest) = text.split_once(LIBRARY).expect("the library is in it");
        assert!(head.lines().all(|line| line.starts_with('#')));
        let mut script = Self { functions: BTreeMap::new(), calls: Vec::new() };
        let mut lines = rest.lines();
        let mut collects = false;
        while let Some(line) = lines.next() {
            if let Some(name) =
                line.strip_prefix("function ").and_then(|line| line.strip_suffix(" {"))
            {
                let body = lines.by_ref().take_while(|line| *line != "}");
                let body = body.map(|line| line.strip_prefix("  ").unwrap().to_owned()).collect();
                assert!(script.functions.insert(name.to_owned(), body).is_none());
            } else if let Some(call) = line
                .trim_start()
                .strip_prefix("if (")
                .filter(|line| line.contains(".Equals($name)"))
            {
                let (name, call) = call_of(call);
                script.calls.push((collects, name, call));
            } else {
                collects = match line {
                    "if ($args.Count -eq 2 -and \"$($args[0])\" -ceq 'collect') {" => true,
                    "}" => false,
                    _ => collects,
                };
            }
        }
        script
    }

    fn lines(&self, name: &str, number: &str) -> &[String] {
        self.functions
            .get(&format!("{name}{number}"))
            .unwrap_or_else(|| panic!("no {name}{number}"))
    }

    /// Runs it as `pwsh` would; the call that fails counts those that change something.
    pub(super) fn run(
        &self,
        place: &Path,
        home: &Path,
        words: &[&str],
        fails: Option<usize>,
    ) -> Output {
        let beside = home.join("farm-keys");
        let keys = if place.join("farm-keys").is_dir() { place.join("farm-keys") } else { beside };
        let mut model = Model {
            place: place.to_owned(),
            keys,
            made: Vec::new(),
            out: String::new(),
            err: String::new(),
            changes: 0,
            fails,
        };
        let code = self.code(&mut model, words);
        Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: model.out.into_bytes(),
            stderr: model.err.into_bytes(),
        }
    }

    fn code(&self, model: &mut Model, words: &[&str]) -> i32 {
        let (collects, name) = match words {
            [] => {
                return self.all(model, "Show-List", "").map_or(1, |()| 0);
            }
            ["collect", name] => (true, *name),
            [name] => (false, *name),
            _ => return 2,
        };
        let call = self.calls.iter().find(|(of, own, _)| *of == collects && own == name);
        match call.map(|(_, _, call)| call) {
            None => 2,
            Some(Call::Nothing) => 0,
            Some(Call::Collect { number, are_files }) => self.collect(model, number, *are_files),
            Some(Call::Repair { number, kept }) => self.repair(model, number, kept),
        }
    }

    fn all(&self, model: &mut Model, name: &str, number: &str) -> Result<(), Thrown> {
        self.lines(name, number).iter().try_for_each(|line| model.line(line))
    }

    /// `Invoke-Collect`.
    fn collect(&self, model: &mut Model, number: &str, are_files: bool) -> i32 {
        if self.all(model, "Ready", number).is_ok() {
            return 0;
        }
        let keys = model.place.join("farm-keys");
        let gathered = if are_files {
            self.all(model, "Source", number).and_then(|()| {
                if keys.exists() {
                    return Err("a directory farm-keys is there already".to_owned());
                }
                model.change()?;
                fs::create_dir(&keys).unwrap();
                let gathered = self.all(model, "Gather", number);
                if gathered.is_err() {
                    fs::remove_dir_all(&keys).unwrap();
                }
                gathered
            })
        } else {
            fs::create_dir_all(&keys).unwrap();
            Ok(())
        };
        let done = gathered.and_then(|()| self.all(model, "Ready", number));
        model.code(done)
    }

    /// `Invoke-Repair`.
    fn repair(&self, model: &mut Model, number: &str, kept: &str) -> i32 {
        if self.all(model, "Test", number).is_ok() {
            model.out += "Nothing is left to do here by this script.\n";
            return 0;
        }
        if let Err(thrown) = self.all(model, "Before", number) {
            return model.code(Err(thrown));
        }
        if !kept.is_empty() {
            let done = self.steps(model, number, &model.place.join(kept));
            if done.is_err() {
                return model.code(done);
            }
        }
        let after = self.all(model, "After", number);
        model.code(after)
    }

    /// `Invoke-Steps`.
    fn steps(&self, model: &mut Model, number: &str, kept: &Path) -> Result<(), Thrown> {
        model.change()?;
        fs::create_dir(kept).map_err(|error| error.to_string())?;
        let mut is_kept = false;
        let done = self.all(model, "Backup", number).and_then(|()| {
            is_kept = true;
            self.all(model, "Steps", number)
        });
        let Err(thrown) = done else { return Ok(()) };
        let mut whole = true;
        if is_kept {
            for line in self.lines("Undo", number) {
                let part = line.strip_prefix("Restore { ").and_then(|line| line.strip_suffix(" }"));
                whole &= model.line(part.expect("parts are restored on their own")).is_ok();
            }
        }
        if whole {
            fs::remove_dir_all(kept).unwrap();
        }
        Err(format!(
            "{thrown}; {}",
            if whole { "everything is as it was" } else { "not everything could be put back" }
        ))
    }
}

/// Reads `NAME.Equals($name)) { exit (Invoke-… '0' …) }`.
fn call_of(line: &str) -> (String, Call) {
    let mut line = Line { rest: line, model: None };
    let name = line.word();
    line.expect(".Equals($name)) { ");
    if line.eat("exit (Invoke-Collect ") {
        let number = line.word();
        let are_files = line.eat(" $true");
        return (name, Call::Collect { number, are_files });
    }
    if line.eat("exit (Invoke-Repair ") {
        let number = line.word();
        line.expect(" ");
        return (name, Call::Repair { number, kept: line.word() });
    }
    line.expect("Say 'Nothing is to be done here.'; exit 0 }");
    (name, Call::Nothing)
}

/// The machine that a script runs on.
struct Model {
    place: PathBuf,
    keys: PathBuf,
    made: Vec<PathBuf>,
    out: String,
    err: String,
    changes: usize,
    fails: Option<usize>,
}

impl Model {
    /// Counts what changes something; one of those fails.
    fn change(&mut self) -> Result<(), Thrown> {
        self.changes += 1;
        if self.fails == Some(self.changes) { Err("the disk is full".to_owned()) } else { Ok(()) }
    }

    fn code(&mut self, done: Result<(), Thrown>) -> i32 {
        done.map_or_else(
            |thrown| {
                self.err.extend(["repair: ", &thrown, "\n"]);
                1
            },
            |()| 0,
        )
    }

    fn line(&mut self, text: &str) -> Result<(), Thrown> {
        let mut line = Line { rest: text, model: Some(self) };
        line.statements(true)?;
        assert_eq!(line.rest, "", "not understood: {text}");
        Ok(())
    }
}

/// A line that is read, and done while it is read.
struct Line<'t, 'm> {
    rest: &'t str,
    model: Option<&'m mut Model>,
}

impl Line<'_, '_> {
    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, text: &str) {
        assert!(self.eat(text), "{text:?} is missing before {:?}", self.rest);
    }

    fn model(&mut self) -> &mut Model {
        self.model.as_mut().expect("there is a machine")
    }

    fn number<T: std::str::FromStr>(&mut self) -> T {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        number.parse().ok().expect("a number")
    }

    /// A text between single quotes, or between double ones with characters as numbers.
    fn word(&mut self) -> String {
        let mut units: Vec<u16> = Vec::new();
        if self.eat("'") {
            loop {
                if self.eat("''") {
                    units.push(u16::from(b'\''));
                } else if self.eat("'") {
                    return String::from_utf16(&units).unwrap();
                } else {
                    units.push(u16::from(self.next()));
                }
            }
        }
        self.expect("\"");
        loop {
            if self.eat("\"") {
                return String::from_utf16(&units).unwrap();
            } else if self.eat("$([char]") {
                units.push(self.number());
                self.expect(")");
            } else if self.eat("`") {
                units.push(u16::from(self.next()));
            } else {
                let byte = self.next();
                assert!(byte != b'$', "a variable in a text: {}", self.rest);
                units.push(u16::from(byte));
            }
        }
    }

    fn next(&mut self) -> u8 {
        let byte = self.rest.as_bytes()[0];
        self.rest = &self.rest[1..];
        byte
    }

    fn path(&mut self) -> PathBuf {
        let is_brought = self.eat("(Join-Path $keys ");
        if !is_brought {
            self.expect("(Join-Path $PWD.ProviderPath ");
        }
        let name = self.word();
        self.expect(")");
        let model = self.model();
        if is_brought { model.keys.join(name) } else { model.place.join(name) }
    }

    fn two_paths(&mut self) -> (PathBuf, PathBuf) {
        let from = self.path();
        self.expect(", ");
        (from, self.path())
    }

    fn statements(&mut self, does: bool) -> Result<(), Thrown> {
        self.statement(does)?;
        while self.eat("; ") {
            self.statement(does)?;
        }
        Ok(())
    }

    fn block(&mut self, does: bool) -> Result<(), Thrown> {
        self.expect("{ ");
        self.statements(does)?;
        self.expect(" }");
        Ok(())
    }

    fn statement(&mut self, does: bool) -> Result<(), Thrown> {
        if self.eat("Say ") || self.eat("Ask ") {
            let words = self.word();
            self.model().out.extend([&words, "\n"]);
            return Ok(());
        }
        if self.eat("Assert-Examined ") {
            let path = self.path();
            self.expect(" @(");
            let mut sums = vec![self.word()];
            while self.eat(", ") {
                sums.push(self.word());
            }
            self.expect(")");
            let sum = fs::read(&path).map_or_else(|_| "none".to_owned(), |bytes| md5(&bytes));
            let is_known = sums.contains(&sum);
            return if is_known { Ok(()) } else { Err("it is not as it was examined".to_owned()) };
        }
        if self.eat("throw ") {
            let thrown = self.word();
            return if does { Err(thrown) } else { Ok(()) };
        }
        if self.eat("if (") {
            let is_so = self.condition()?;
            self.expect(") ");
            self.block(does && is_so)?;
            if self.eat(" elseif (") {
                let is_other = self.condition()?;
                self.expect(") ");
                self.block(does && !is_so && is_other)?;
            } else if self.eat(" else ") {
                self.block(does && !is_so)?;
            }
            return Ok(());
        }
        self.change(does)
    }

    /// Something that changes files.
    fn change(&mut self, does: bool) -> Result<(), Thrown> {
        if self.eat("$script:made += ") {
            let path = self.path();
            if does {
                self.model().made.push(path);
            }
            return Ok(());
        }
        if self.eat("icacls ") {
            self.path();
            self.expect(" /inheritance:r /grant:r \"*$([Security.Principal.WindowsIdentity]::GetCurrent().User.Value):(OI)(CI)F\" | Out-Null");
            return Ok(());
        }
        if does {
            let change = self.model().change();
            if change.is_err() && self.rest.starts_with("[IO.File]::Copy(") {
                self.half();
            }
            change?;
        }
        let done = self.file(does);
        if does { done } else { Ok(()) }
    }

    /// A copy that did not get whole.
    fn half(&mut self) {
        let rest = self.rest;
        self.expect("[IO.File]::Copy(");
        let (_, to) = self.two_paths();
        if self.rest.starts_with(", $true") || !to.exists() {
            fs::write(to, "x").unwrap();
        }
        self.rest = rest;
    }

    fn file(&mut self, does: bool) -> Result<(), Thrown> {
        let thrown = |error: std::io::Error| error.to_string();
        if self.eat("[IO.File]::Copy(") {
            let (from, to) = self.two_paths();
            let replaces = self.eat(", $true");
            self.expect(")");
            return if !does {
                Ok(())
            } else if !replaces && to.exists() {
                Err("it exists".to_owned())
            } else {
                fs::read(from).and_then(|bytes| fs::write(to, bytes)).map_err(thrown)
            };
        }
        if self.eat("[IO.File]::Move(") {
            let (from, to) = self.two_paths();
            self.expect(")");
            return if !does {
                Ok(())
            } else if to.exists() || !from.is_file() {
                Err("it exists, or is none".to_owned())
            } else {
                fs::rename(from, to).map_err(thrown)
            };
        }
        if self.eat("[IO.File]::Delete(") || self.eat("[IO.Directory]::Delete(") {
            let path = self.path();
            let is_whole = self.eat(", $true");
            self.expect(")");
            return match (does, path.is_dir()) {
                (true, true) if is_whole => fs::remove_dir_all(path).map_err(thrown),
                (true, true) => fs::remove_dir(path).map_err(thrown),
                (true, false) if path.exists() => fs::remove_file(path).map_err(thrown),
                _ => Ok(()),
            };
        }
        if self.eat("$null = [IO.Directory]::CreateDirectory(") {
            let path = self.path();
            self.expect(")");
            return if does { fs::create_dir_all(path).map_err(thrown) } else { Ok(()) };
        }
        if self.eat("$null = New-Item -ItemType Directory -Path ") {
            let path = self.path();
            self.expect(" -ErrorAction Stop");
            return if does { fs::create_dir(path).map_err(thrown) } else { Ok(()) };
        }
        if self.eat("chmod 700 ") {
            self.path();
            return Ok(());
        }
        self.write(does)
    }

    /// A file that is written anew.
    fn write(&mut self, does: bool) -> Result<(), Thrown> {
        let (path, bytes) = if self.eat("[IO.File]::WriteAllText(") {
            let path = self.path();
            self.expect(", ");
            (path, self.word().into_bytes())
        } else if self.eat("$text = [IO.File]::ReadAllText(") {
            self.decode()?
        } else {
            self.expect("[IO.File]::WriteAllBytes(");
            let path = self.path();
            self.expect(", [byte[]]([IO.File]::ReadAllBytes(");
            assert_eq!(self.path(), path);
            self.expect(")[0..");
            let last: usize = self.number();
            self.expect("])");
            let mut bytes = read(&path)?;
            bytes.truncate(last + 1);
            (path, bytes)
        };
        self.expect(")");
        if does { fs::write(path, bytes).map_err(|error| error.to_string()) } else { Ok(()) }
    }

    /// A text that becomes the bytes that it stands for.
    fn decode(&mut self) -> Result<(PathBuf, Vec<u8>), Thrown> {
        let path = self.path();
        let bytes = if self.eat(") -replace '\\s', ''; [IO.File]::WriteAllBytes(") {
            assert_eq!(self.path(), path);
            self.expect(", [byte[]]@(for ($i = 0; $i -lt $text.Length; $i += 2) { [Convert]::ToByte($text.Substring($i, 2), 16) })");
            from_hex(&read(&path)?)
        } else {
            self.expect(") -replace '[\\s=]', '' -replace '-', '+' -replace '_', '/'; [IO.File]::WriteAllBytes(");
            assert_eq!(self.path(), path);
            self.expect(", [Convert]::FromBase64String($text.PadRight([Math]::Ceiling($text.Length / 4) * 4, '='))");
            from_base64(&read(&path)?)
        };
        Ok((path, bytes.ok_or("it is no such text")?))
    }

    fn condition(&mut self) -> Result<bool, Thrown> {
        let mut is_so = self.part()?;
        while self.eat(" -and ") {
            is_so &= self.part()?;
        }
        Ok(is_so)
    }

    fn part(&mut self) -> Result<bool, Thrown> {
        if self.eat("-not ") {
            return self.part().map(|is_so| !is_so);
        }
        if self.eat("[IO.File]::Exists(") {
            let is_so = self.path().is_file();
            self.expect(")");
            return Ok(is_so);
        }
        if self.eat("[IO.Directory]::Exists(") {
            let is_so = self.path().is_dir();
            self.expect(")");
            return Ok(is_so);
        }
        if self.eat("Test-Path -LiteralPath ") {
            return Ok(self.path().exists());
        }
        if self.eat("$env:OS -eq 'Windows_NT'") || self.eat("$LASTEXITCODE") {
            return Ok(false);
        }
        if self.eat("$script:made -contains ") {
            let path = self.path();
            return Ok(self.model().made.contains(&path));
        }
        if self.eat("(Get-FileHash -Algorithm MD5 -LiteralPath ") {
            let path = self.path();
            self.expect(" -ErrorAction Stop).Hash -ne ");
            let expected = self.word();
            return Ok(md5(&read(&path)?) != expected);
        }
        if self.eat("[Text.Encoding]::ASCII.GetString([IO.File]::ReadAllBytes(") {
            let path = self.path();
            self.expect(")) -cne ");
            let expected = self.word();
            return Ok(read(&path)? != expected.into_bytes());
        }
        if self.eat("[IO.File]::ReadAllBytes(") {
            let path = self.path();
            self.expect(").Length -notin ");
            let first: usize = self.number();
            self.expect(", ");
            let second: usize = self.number();
            return Ok(![first, second].contains(&read(&path)?.len()));
        }
        self.expect("(");
        let is_so = self.condition()?;
        self.expect(")");
        Ok(is_so)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Thrown> {
    fs::read(path).map_err(|error| error.to_string())
}

/// The md5 of a key, as the product says it of a key file.
fn md5(bytes: &[u8]) -> String {
    aemtrix::evidence::digest_key(bytes).whole.md5.to_string()
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}

fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let digest = aemtrix::evidence::digest_key(text);
    assert!(digest.text.is_some(), "only text is decoded");
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let letters: Vec<u8> =
        text.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').collect();
    let mut bytes = Vec::new();
    for four in letters.chunks(4) {
        let mut bits = 0_u32;
        for at in 0..4 {
            bits = bits << 6 | u32::from(four.get(at).map_or(Some(0), |byte| value(*byte))?);
        }
        bytes.extend(&bits.to_be_bytes()[1..four.len()]);
    }
    Some(bytes)
}

#[test]
fn model_understands_what_is_written_and_refuses_the_rest() {
    assert_eq!(from_base64(b"EldOKQ==\n"), Some(vec![0x12, 0x57, 0x4e, 0x29]));
    let name = |text| Line { rest: text, model: None }.word();
    assert_eq!(name("'it''s'"), "it's");
    assert_eq!(name("\"a$([char]10)b`$x\""), "a\nb$x");
}
