@{
    RootModule           = 'TrustedLaunchConsole.psm1'
    ModuleVersion        = '1.2.0'
    GUID                 = '6f3d6a57-7a0c-4f0e-9d8b-4d4a0c1f2b61'
    Author               = 'trusted-launch-console'
    Description          = 'Named functions that the Trusted launch console calls on Azure Local nodes.'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop')
    FunctionsToExport    = @(
        'Get-TlcCluster', 'Get-TlcNode', 'Get-TlcVirtualMachine', 'Get-TlcHealth',
        'Get-TlcVmHistory', 'Get-TlcNodeHistory',
        'Start-TlcLiveMigration', 'Start-TlcQuickMigration', 'Get-TlcLiveMigration', 'Stop-TlcLiveMigration',
        'Suspend-TlcNode', 'Set-TlcNodePlacement', 'Get-TlcNodeDrain', 'Resume-TlcNode', 'Test-TlcEndpoint'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}
