# Installs, verifies or removes the Trusted launch console's endpoint on THIS node. Windows PowerShell 5.1, as an
# administrator; once on every node of the cluster, with the same arguments.
#
#   .\TlcEndpoint.ps1 -Act Install -ReaderGroup CONTOSO\TlcReaders -OperatorGroup CONTOSO\TlcOperators `
#       -AdministratorGroup CONTOSO\TlcAdministrators -ServiceAccount CONTOSO\TlcEndpoint$
#   .\TlcEndpoint.ps1 -Act Verify
#   .\TlcEndpoint.ps1 -Act Remove
#
# Without -ServiceAccount the endpoint runs as a virtual account: good for reading, but a live migration is a second
# hop that it is likely refused. -WhatIf shows what would be done. ASCII only. UNVERIFIED on a real node.
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('Install', 'Verify', 'Remove')]
    [string]$Act,
    [ValidatePattern('^([^\\]+\\[^\\]+)?$')]
    [string]$ReaderGroup = '',
    [ValidatePattern('^([^\\]+\\[^\\]+)?$')]
    [string]$OperatorGroup = '',
    [ValidatePattern('^([^\\]+\\[^\\]+)?$')]
    [string]$AdministratorGroup = '',
    [ValidatePattern('^([^\\]+\\[^\\]+\$)?$')]
    [string]$ServiceAccount = ''
)

$ErrorActionPreference = 'Stop'
$name = 'TrustedLaunchConsole'
$kit = $PSScriptRoot
$modules = Join-Path -Path $env:ProgramFiles -ChildPath 'WindowsPowerShell\Modules'
$home_of_module = Join-Path -Path $modules -ChildPath $name
$data = Join-Path -Path $env:ProgramData -ChildPath $name
$transcripts = Join-Path -Path $data -ChildPath 'Transcripts'

function Get-TlcKitVersion {
    $manifest = Import-PowerShellDataFile -Path (Join-Path -Path $kit -ChildPath "$name\$name.psd1")
    "$($manifest.ModuleVersion)"
}

function Get-TlcRoleDefinition {
    $roles = @{}
    if ($ReaderGroup) {
        $roles[$ReaderGroup] = @{ RoleCapabilities = 'TlcReader' }
    }
    if ($OperatorGroup) {
        $roles[$OperatorGroup] = @{ RoleCapabilities = 'TlcOperator' }
    }
    if ($AdministratorGroup) {
        $roles[$AdministratorGroup] = @{ RoleCapabilities = 'TlcAdministrator' }
    }
    if ($roles.Count -eq 0) {
        throw 'Name at least one group: -ReaderGroup, -OperatorGroup or -AdministratorGroup.'
    }
    $roles
}

function Protect-TlcFolder {
    # Transcripts tell who did what: administrators and the system only.
    param([string]$Path)
    [void](New-Item -Path $Path -ItemType Directory -Force)
    $acl = Get-Acl -Path $Path
    $acl.SetAccessRuleProtection($true, $false)
    foreach ($sid in @('S-1-5-18', 'S-1-5-32-544')) {
        $who = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $sid
        $rule = New-Object -TypeName System.Security.AccessControl.FileSystemAccessRule -ArgumentList $who, 'FullControl', 'ContainerInherit,ObjectInherit', 'None', 'Allow'
        $acl.AddAccessRule($rule)
    }
    Set-Acl -Path $Path -AclObject $acl
}

function Install-TlcEndpoint {
    $roles = Get-TlcRoleDefinition
    $target = Join-Path -Path $home_of_module -ChildPath (Get-TlcKitVersion)
    if (-not $PSCmdlet.ShouldProcess("$env:COMPUTERNAME", "Install the endpoint $name")) {
        return
    }
    [void](New-Item -Path $target -ItemType Directory -Force)
    Copy-Item -Path (Join-Path -Path $kit -ChildPath "$name\*") -Destination $target -Recurse -Force
    Protect-TlcFolder -Path $data
    [void](New-Item -Path $transcripts -ItemType Directory -Force)
    $file = Join-Path -Path $data -ChildPath "$name.pssc"
    $options = @{
        Path                = $file
        SessionType         = 'RestrictedRemoteServer'
        LanguageMode        = 'NoLanguage'
        Description         = 'Trusted launch console'
        TranscriptDirectory = $transcripts
        RoleDefinitions     = $roles
    }
    if ($ServiceAccount) {
        # Without the sign: the session configuration names the account, Active Directory the computer object.
        $options['GroupManagedServiceAccount'] = $ServiceAccount.TrimEnd('$')
    }
    else {
        $options['RunAsVirtualAccount'] = $true
    }
    New-PSSessionConfigurationFile @options
    if (-not (Test-PSSessionConfigurationFile -Path $file)) {
        throw "The session configuration $file is not valid; nothing was registered."
    }
    if (Get-PSSessionConfiguration -Name $name -ErrorAction SilentlyContinue) {
        Unregister-PSSessionConfiguration -Name $name -Force -NoServiceRestart
    }
    [void](Register-PSSessionConfiguration -Name $name -Path $file -Force -NoServiceRestart)
    Write-Output "Registered $name. It answers after WinRM restarts (Restart-Service WinRM ends open remote sessions)."
}

function Test-TlcInstallation {
    $rows = @()
    $found = Get-PSSessionConfiguration -Name $name -ErrorAction SilentlyContinue
    $rows += [pscustomobject]@{ What = 'Endpoint'; IsOk = [bool]$found; Text = "$($found.Permission)" }
    $version = Get-TlcKitVersion
    $module = Test-Path -Path (Join-Path -Path $home_of_module -ChildPath "$version\$name.psd1")
    $rows += [pscustomobject]@{ What = "Module $version"; IsOk = $module; Text = $home_of_module }
    $account = "$($found.GroupManagedServiceAccount)"
    if ($account) {
        $text = 'The Active Directory module is not here, so it was not tried.'
        $isOk = $null
        if (Get-Command -Name Test-ADServiceAccount -ErrorAction SilentlyContinue) {
            $isOk = [bool](Test-ADServiceAccount -Identity ($account -split '\\')[-1] -WarningAction SilentlyContinue)
            $text = 'This node may use the managed account.'
        }
        $rows += [pscustomobject]@{ What = $account; IsOk = $isOk; Text = $text }
    }
    else {
        $rows += [pscustomobject]@{ What = 'Identity'; IsOk = $null; Text = 'Virtual account: live migrations are likely refused (second hop).' }
    }
    $listeners = @(Get-ChildItem -Path WSMan:\localhost\Listener | Where-Object -FilterScript { $_.Keys -contains 'Transport=HTTPS' })
    $rows += [pscustomobject]@{ What = 'HTTPS listener (5986)'; IsOk = [bool]($listeners.Count -gt 0); Text = "$($listeners.Count)" }
    $rows
}

function Remove-TlcEndpoint {
    if (-not $PSCmdlet.ShouldProcess("$env:COMPUTERNAME", "Remove the endpoint $name and its module")) {
        return
    }
    if (Get-PSSessionConfiguration -Name $name -ErrorAction SilentlyContinue) {
        Unregister-PSSessionConfiguration -Name $name -Force -NoServiceRestart
    }
    if (Test-Path -Path $home_of_module) {
        Remove-Item -Path $home_of_module -Recurse -Force
    }
    Write-Output "Removed. Transcripts are kept in $transcripts. It is gone after WinRM restarts."
}

switch ($Act) {
    'Install' {
        Install-TlcEndpoint
    }
    'Verify' {
        Test-TlcInstallation
    }
    'Remove' {
        Remove-TlcEndpoint
    }
}
