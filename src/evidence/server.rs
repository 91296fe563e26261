//! Files of application servers, services, shells and containers that may give AEM's JVM its options, and what shows the options of one
//! that runs: `ps-ef.txt`, `jinfo.txt`, `hs_err_pid99.log`.
//!
//! AEM runs in `JBoss`, Tomcat and `WebSphere` too, and those keep the options of the JVM and its properties in files of their own. Which
//! install such a file is for nothing shows, so all that counts is whether it moves something.

use super::container;
use super::start_script;
use super::statements::{IN_HEX, Statements, VALUE_CHARS_MAX, mentions, mover, names_aem};
use super::{Fact, Found, Kind, Names, ParseError, Reads, path, registry, text};
use crate::facts::{QUICKSTART, components, realm};

pub(super) const SMALL: Kind =
    Kind { name: "file of a server", names: Names::Any, reads: Reads::Small(1 << 20), find, parse };

/// Ends of the names of files in which options and variables are kept.
const ENDS: [&str; 22] = [
    // `jvm.options`, `idea.vmoptions`; a file of the variable `JDK_JAVA_OPTIONS` alone.
    "options",
    "opts",
    ".args",
    ".ini",
    ".reg",
    ".yaml",
    ".yml",
    // `/etc/profile`, `.bash_profile`.
    "profile",
    // `/etc/bashrc`, `.bashrc`.
    "shrc",
    "environment",
    // Those two of `/proc`.
    "environ",
    "cmdline",
    ".properties.xml",
    // Of a service of Windows.
    ".exe.config",
    // Chef, Puppet, Terraform, and templates of Helm and Ansible.
    ".rb",
    ".erb",
    ".pp",
    ".epp",
    ".tf",
    ".tfvars",
    ".tpl",
    ".j2",
];
/// Words in the names of what people save of a JVM that runs or ran: with `jcmd`, `systemctl cat`, procrun, `nssm`, the web console, `docker
/// inspect`; and of what containers are made of: `task-definition.json`, `pod.json`. Any other text may be an upload that is misnamed.
const OF_PROCESSES: [&str; 22] = [
    "cmdline",
    "command",
    "container",
    "deployment",
    // `kubectl describe pod`
    "describe",
    "hs_err",
    "inspect",
    "javacore",
    "jcmd",
    "jinfo",
    "nssm",
    // A file of the variable `JAVA_TOOL_OPTIONS` alone.
    "options",
    "pod",
    "process",
    "prunsrv",
    "service",
    // `status-slingprops.txt` of the web console.
    "slingprop",
    "statefulset",
    "sysprops",
    "system properties",
    "systemctl",
    "task",
];
/// How the names of lists of processes, of variables and of what a host starts begin.
const OF_LISTS: [&str; 10] =
    ["crontab.", "env.", "jps", "printenv", "ps-", "ps.", "ps_", "psaux", "psef", "user-data."];
/// What such names end in, or nothing.
const TEXTS: [&str; 4] = [".txt", ".out", ".log", ".json"];

/// How the names of such files in XML begin: any name of that end may be an upload that is misnamed.
const XML_STARTS: [&str; 13] = [
    // WinSW has a file named like the service.
    "aem",
    "bootstrap",
    "context",
    "cq",
    "domain",
    "host",
    "ibm-web",
    "jboss",
    "server",
    "standalone",
    "variables",
    "web",
    "winsw",
];
const XML: &str = ".xml";
/// Ends of the names of texts that count wherever they lie in an install: no upload lies there.
const IN_INSTALLS: [&str; 4] = [".config", ".json", ".txt", ".xml"];
/// The end of the name of an export of the registry of Windows.
const REGISTRY: &str = ".reg";

fn find(path: &str) -> Option<Found<'_>> {
    let (directory, file) = path::split(path);
    // Every file is asked, and most end otherwise.
    if !matches!(
        file.bytes().next_back()?.to_ascii_lowercase(),
        b'2' | b'b'..=b'g' | b'i' | b'l' | b'n'..=b'p' | b's' | b't'
    ) {
        return None;
    }
    let starts = |start: &str| {
        file.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    let is_xml = || path::ends_in(file, &[XML]) && XML_STARTS.into_iter().any(starts);
    let holds = |word: &str| {
        let mut parts = file.as_bytes().windows(word.len());
        parts.any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    let is_of_process = || {
        (!file.contains('.') || path::ends_in(file, &TEXTS))
            && (OF_LISTS.into_iter().any(starts) || OF_PROCESSES.into_iter().any(holds))
    };
    let is_in_install = || {
        path::ends_in(file, &IN_INSTALLS) && components(directory).any(|part| part == QUICKSTART)
    };
    let is_named = path::ends_in(file, &ENDS) || is_xml() || is_of_process() || is_in_install();
    // Content packages and libraries of Java hold such files too, and no JVM reads them there.
    let is_apart = || {
        components(directory).any(|part| matches!(part, "jcr_root" | "META-INF"))
            || path::ends_in(realm(path), &[".jar!"])
    };
    (is_named && !is_apart()).then_some(Found { root: "", bundle: "", name: file })
}

fn parse(found: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let mut text = text::decode(bytes);
    let mut unseen = None;
    if path::ends_in(found.name, &[REGISTRY]) {
        let (texts, is_whole) = registry::texts(&text);
        // To what reads the lines, a backslash takes the next character, as in the quotes of an export.
        text.push_str(&texts.replace('\\', "\\\\"));
        unseen = (!is_whole).then_some(IN_HEX);
    }
    let mut statements = if mentions(&text).next().is_none() {
        Statements::default()
    } else if path::ends_in(found.name, &[XML]) {
        of_xml(&text)
    } else {
        // What the kernel shows of a process has zeros between the words, and a list in YAML or JSON may stand in brackets.
        let lines = text.replace(['\0', '[', ']'], "\n").replace("\",", "\"\n");
        of_lines(found.name, &lines)
    };
    statements.unseen.extend(unseen);
    if container::is_yaml(found.name) {
        container::add(&mut statements, &text);
    }
    let is_empty = statements.unseen.is_empty() && statements.sources.is_empty();
    statements.names_aem = !is_empty && names_aem(&text);
    Ok(Fact::Settings(Box::new(statements)))
}

/// Reads properties, as `jinfo` and the web console show one a line, and options in any other text.
fn of_lines(file: &str, text: &str) -> Statements {
    let mut settings = Vec::new();
    let mut others = String::new();
    for line in text.lines() {
        let pair = line.split_once(['=', ':']).map(|(name, value)| (name.trim(), value.trim()));
        match pair {
            Some((name, value))
                if mover(name).is_some() && value.chars().nth(VALUE_CHARS_MAX).is_none() =>
            {
                let value = value.trim_matches(['"', '\'']);
                settings.push((name.to_owned(), value.to_owned()));
            }
            _ => {
                others.push_str(line);
                others.push('\n');
            }
        }
    }
    let mut statements = start_script::read(file, &others);
    statements.settings.extend(settings);
    statements
}

/// Reads properties, as pairs of a name and a value, and options in any other text.
fn of_xml(text: &str) -> Statements {
    let mut settings = Vec::new();
    let mut others = String::new();
    let mut name = String::new();
    let text = without_comments(text);
    for part in text.split('<') {
        let (tag, behind) = part.split_once('>').unwrap_or((part, ""));
        let behind = unescaped(behind.trim());
        let element = tag.split_ascii_whitespace().next().unwrap_or_default();
        // `<property name="…" value="…"/>`
        let pair = attribute(tag, "name").zip(attribute(tag, "value"));
        // `<param-name>…</param-name><param-value>…</param-value>`
        let pair = pair.or_else(|| {
            element.ends_with("value").then(|| (std::mem::take(&mut name), behind.clone()))
        });
        let moved = pair.filter(|(name, value)| {
            mover(name).is_some() && value.chars().nth(VALUE_CHARS_MAX).is_none()
        });
        if let Some(pair) = moved {
            settings.push(pair);
        } else if element.ends_with("name") && mover(&behind).is_some() {
            name = behind;
        } else {
            others.push_str(&unescaped(tag));
            others.push('\n');
            others.push_str(&behind);
            others.push('\n');
        }
        // A name whose value does not follow is a mention.
        if !name.is_empty()
            && !matches!(tag.chars().next(), Some('/'))
            && !element.ends_with("name")
        {
            others.push_str(&std::mem::take(&mut name));
            others.push('\n');
        }
    }
    others.push_str(&name);
    // To what reads the lines, a backslash takes the next character: `C:\aem\keys`.
    let mut statements = start_script::read("", &others.replace('\\', "\\\\"));
    statements.settings.extend(settings);
    statements
}

/// Returns a text of XML without its comments.
fn without_comments(text: &str) -> String {
    let mut parts = text.split("<!--");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once("-->").map_or("", |(_, rest)| rest))
}

/// Returns the value of an attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    tag.match_indices(name).find_map(|(at, _)| {
        let begins = tag.get(..at)?.ends_with(|c: char| c.is_ascii_whitespace());
        let rest = tag.get(at.saturating_add(name.len())..).filter(|_| begins)?;
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, _) = rest.strip_prefix(quote)?.split_once(quote)?;
        Some(unescaped(value))
    })
}

fn unescaped(text: &str) -> String {
    // `&amp;` is last, so that `&amp;lt;` becomes `&lt;` and not `<`.
    const NAMED: [(&str, &str); 5] =
        [("&quot;", "\""), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    if !text.contains('&') {
        return text.to_owned();
    }
    NAMED.into_iter().fold(text.to_owned(), |text, (name, sign)| text.replace(name, sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{CRYPTO_KEYS_PATH, SLING_HOME};

    fn statements(file: &str, text: &str) -> Statements {
        match parse(&Found { root: "", bundle: "", name: file }, text.as_bytes()) {
            Ok(Fact::Settings(statements)) => *statements,
            other => panic!("{other:?}"),
        }
    }

    fn xml(text: &str) -> (Vec<(String, String)>, bool) {
        let statements = statements("server.xml", text);
        (statements.settings, statements.unclear.is_empty())
    }

    #[test]
    fn properties_in_xml_are_pairs() {
        let keys = |value: &str| vec![(CRYPTO_KEYS_PATH.to_owned(), value.to_owned())];
        for text in [
            "<property name=\"KEYS\" value=\"/k&amp;x\"/>",
            "<property value='/k&amp;x' name = 'KEYS'/>",
            "<a><param-name>\nKEYS </param-name>\n <param-value> /k&amp;x\n</param-value></a>",
            "<a b=\"-Xmx1g -DKEYS=/k&amp;x -Dc=d\"/>",
            "<a>-DKEYS=/k&amp;x</a>",
        ] {
            let text = text.replace("KEYS", CRYPTO_KEYS_PATH);
            let (settings, is_clear) = xml(&text);
            // What a shell ends a command at is none of a value that the shell would read.
            let is_same = settings == keys("/k&x") || settings == keys("/k");
            assert!(is_same && is_clear, "{text}: {settings:?}");
        }
    }

    #[test]
    fn backslashes_of_windows_are_kept() {
        let text = format!("<a>-D{CRYPTO_KEYS_PATH}=C:\\aem\\keys -jar x</a>");
        let windows = vec![(CRYPTO_KEYS_PATH.to_owned(), "C:\\aem\\keys".to_owned())];
        assert_eq!(xml(&text), (windows.clone(), true));
        let found = Found { root: "", bundle: "", name: "aem-service.xml" };
        let service = start_script::SMALL;
        let Ok(Fact::Settings(said)) = (service.parse)(&found, text.as_bytes()) else { panic!() };
        assert_eq!(said.settings, windows);
    }

    #[test]
    fn name_without_a_value_is_a_mention() {
        for text in [
            "<a><param-name>KEYS</param-name></a>",
            "<a><param-name>KEYS</param-name><b/><param-value>/k</param-value></a>",
            "<a name=\"KEYS\"/>",
            "<KEYS>/k</KEYS>",
            "<param-name>KEYS",
        ] {
            let text = text.replace("KEYS", CRYPTO_KEYS_PATH);
            assert_eq!(xml(&text), (Vec::new(), false), "{text}");
        }
        for text in ["<!-- KEYS -->", "<!-- KEYS", "<a/>", ""] {
            assert_eq!(xml(&text.replace("KEYS", SLING_HOME)), (Vec::new(), true), "{text}");
        }
    }

    #[test]
    fn options_of_a_service_of_windows_are_read_from_hex() {
        let options = format!("-Xmx4g\0-D{CRYPTO_KEYS_PATH}=D:\\keys\0\0");
        let digits = options.encode_utf16().flat_map(u16::to_le_bytes);
        let digits: Vec<String> = digits.map(|byte| format!("{byte:02x}")).collect();
        let (first, rest) = digits.split_at(25);
        let value =
            format!("\"Options\"=hex(7):{},\\\r\n  {}\r\n", first.join(","), rest.join(","));
        let export = format!("Windows Registry Editor Version 5.00\r\n\r\n[HKLM\\Java]\r\n{value}");
        let read = statements("cq5.reg", &export);
        assert_eq!(read.settings, [(CRYPTO_KEYS_PATH.to_owned(), "D:\\keys".to_owned())]);
        assert!(read.unclear.is_empty() && read.unseen.is_empty());
        let cut = "[HKLM\\cq5\\Parameters\\Java]\r\n\"Options\"=hex(7):2d,00,5\r\n";
        assert!(!statements("cq5.reg", cut).is_idle());
        assert!(statements("cq5.reg", "\"Options\"=hex(7):2d,00\r\n").is_idle());
    }

    #[test]
    fn names_are_those_of_servers() {
        for path in [
            "x/standalone-full.XML",
            "etc/profile",
            "a/.zshrc",
            "conf/jvm.options",
            "WEB-INF/web.xml",
            "k/values.yaml",
            "hs_err_pid99.log",
            "ps.txt",
            "nssm-dump.txt",
            "ps-ef",
            "jcmd_VM.command_line.txt",
            "status-System Properties.txt",
            "systemctl-cat-aem.txt",
            "inspect.json",
            "cookbooks/aem/attributes/default.rb",
            "main.tf",
            "templates/_helpers.tpl",
            "support/status-slingprops.txt",
            "task-definition.json",
            "pod.json",
            "JAVA_TOOL_OPTIONS.txt",
            "aem.xml",
            "aem.exe.config",
            "q/crx-quickstart/opt/helpers/publish2.xml",
            "crx-quickstart/x.json",
        ] {
            assert!(find(path).is_some(), "{path}");
        }
        for path in [
            "publish2.xml",
            "publish2.tgz",
            "a/jcr_root/web.xml",
            "crx-quickstart/a/jcr_root/x.xml",
            "META-INF/x.yml",
            "q.jar!/x.yml",
            "status-Configurations.txt",
            "ps-ef.txt.gz",
            "publish2.txt",
            "publish2.json",
            "é",
            "",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
