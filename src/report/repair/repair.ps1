#   powershell -ExecutionPolicy Bypass -File repair.ps1               lists the instances and their steps
#   powershell -ExecutionPolicy Bypass -File repair.ps1 collect NAME  on the source of the keys: makes the directory farm-keys
#   powershell -ExecutionPolicy Bypass -File repair.ps1 NAME          on an instance, stopped, with farm-keys beside it: does its steps
# Run it as the user that runs AEM, in the directory where the paths of the upload begin. PowerShell 5.1 or newer.
# It stops at the first failure and puts back what it replaced.

$ErrorActionPreference = 'Stop'

function Say([string]$text) { [Console]::Out.WriteLine($text) }

function Fail([string]$text) { [Console]::Error.WriteLine('repair: ' + $text) }

# A person says that it is done.
function Ask([string]$text) {
  Say $text
  if ($env:REPAIR_ASSUME_STOPPED -eq '1') { return }
  if ((Read-Host 'Done? Type yes') -cne 'yes') { throw 'stopped; nothing was changed by this step' }
}

# Returns whether something holds.
function Test-That([scriptblock]$check) {
  try { $null = & $check; return $true } catch { return $false }
}

# Stops where a file is neither as it was examined nor as it is to become; none where it may be missing.
function Assert-Examined([string]$file, [string[]]$sums) {
  $sum = 'none'
  if ([IO.File]::Exists($file)) { $sum = (Get-FileHash -LiteralPath $file -Algorithm MD5).Hash }
  if ($sums -notcontains $sum) {
    throw "$file is not as it was examined: this is another machine, or the file was changed since; scan again"
  }
}

# Does one part of undoing: the others are done all the same.
function Restore([scriptblock]$part) {
  try { $null = & $part } catch { Fail "$_"; $script:whole = $false }
}

# The keys that were brought along lie in the directory farm-keys, here or beside this script. An install may have one that is called keys.
$keys = Join-Path $PWD.ProviderPath 'farm-keys'
if (-not [IO.Directory]::Exists($keys)) { $keys = Join-Path $PSScriptRoot 'farm-keys' }

# Keeps what is changed in a directory, does the steps, and undoes them where one fails or somebody interrupts.
function Invoke-Steps([string]$number, [string]$kept) {
  try { $null = New-Item -ItemType Directory -Path $kept } catch { Fail "$_"; return 1 }
  $script:made = @()
  $script:whole = $true
  $is_kept = $false
  $is_done = $false
  try {
    Say 'Keep a copy of what is changed'
    & "Backup$number"
    $is_kept = $true
    & "Steps$number"
    $is_done = $true
  } catch {
    Fail "$_"
  } finally {
    if (-not $is_done) {
      if ($is_kept) { & "Undo$number" }
      if ($script:whole) { [IO.Directory]::Delete($kept, $true) }
      if ($script:whole) { Fail 'a step failed; everything is as it was' }
      else { Fail "a step failed, and not everything could be put back; it is kept in $kept" }
    }
  }
  if ($is_done) { return 0 }
  return 1
}

function Invoke-Repair([string]$number, [string]$kept) {
  if (Test-That { & "Test$number" }) {
    Say 'Nothing is left to do here by this script.'
    return 0
  }
  try { & "Before$number" } catch { Fail "$_"; return 1 }
  if ($kept) {
    $code = Invoke-Steps $number (Join-Path $PWD.ProviderPath $kept)
    if ($code -ne 0) { return $code }
  }
  & "After$number"
  return 0
}

# Copies both files of the source, or has a person save both keys of its repository. Keys that are not known may be of another source.
function Invoke-Collect([string]$number, [bool]$are_files, [bool]$are_known) {
  $keys = Join-Path $PWD.ProviderPath 'farm-keys'
  if (-not ($are_known -and (Test-That { & "Ready$number" }))) {
    try {
      if ($are_files) {
        & "Source$number"
        if ([IO.Directory]::Exists($keys)) { throw 'a directory farm-keys is there already, and holds other keys: move it away' }
        $null = New-Item -ItemType Directory -Path $keys
        try { & "Gather$number" } catch { [IO.Directory]::Delete($keys, $true); throw }
      } else {
        $null = [IO.Directory]::CreateDirectory($keys)
        Ask 'Save the binary properties hmac and master of /etc/key of this instance (CRXDE Lite) as farm-keys\hmac and farm-keys\master, in place of any that are there.'
      }
      & "Ready$number"
    } catch {
      Fail "$_"
      return 1
    }
  }
  Say 'The directory farm-keys is ready: bring it to the other machines by a way on which nobody can read it, then remove it here.'
  return 0
}
