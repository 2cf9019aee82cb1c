# Node module of the Trusted launch console, for Windows PowerShell 5.1 on Azure Local nodes.
#
# The list of functions, their parameters and the cmdlets used here is functions.toml; tests hold this file
# to it. Every function puts out ONE compact JSON string: {"schema":1,"node":...,"time":...,"data":...}.
# What could not be established is null, never "no". Refusals are terminating errors whose first word is stable:
# VmNotFound, NodeNotFound, NodeNotUp, OwnerMismatch, AlreadyMigrating, AlreadyDraining, NotMigrating,
# NotPossibleOwner, InsufficientMemory, IsoMounted, InvalidState, ClusterRefused, HistoryOff.
#
# One file on purpose: one thing to sign and to install.
# ASCII only: 5.1 reads files without a byte-order mark as ANSI. Nothing here takes script text, and
# nothing moves storage. UNVERIFIED on a real node: run Test-TlcEndpoint first.

$ErrorActionPreference = 'Stop'
$script:Schema = 1
$script:Version = '1.2.0'
$script:Allowed = $null

# ---- putting out -------------------------------------------------------------------------------------------

function ConvertTo-TlcAnswer {
    param($Data)
    $answer = [ordered]@{
        schema = $script:Schema
        node   = $env:COMPUTERNAME
        time   = (Get-Date).ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ')
        data   = $Data
    }
    # -InputObject: a pipe would unwrap an array of one row. 5.1 goes two levels deep unless told.
    ConvertTo-Json -InputObject $answer -Depth 8 -Compress
}

function Deny-TlcCall {
    param($Cmdlet, [string]$Identity, [string]$Text, $Target)
    $exception = New-Object -TypeName System.InvalidOperationException -ArgumentList $Text
    $category = [System.Management.Automation.ErrorCategory]::InvalidOperation
    $record = New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList $exception, $Identity, $category, $Target
    $Cmdlet.ThrowTerminatingError($record)
}

function ConvertTo-TlcMib {
    param($Bytes)
    if ($null -eq $Bytes) {
        return $null
    }
    [long][math]::Floor([double]$Bytes / 1048576)
}

function ConvertTo-TlcKib {
    param($Bytes)
    if ($null -eq $Bytes) {
        return $null
    }
    [long][math]::Floor([double]$Bytes / 1024)
}

function ConvertTo-TlcUnixTime {
    param([datetime]$Time)
    [math]::Round(($Time.ToUniversalTime() - [datetime]'1970-01-01').TotalSeconds, 0)
}

function Get-TlcErrorCode {
    # HRESULT of the innermost exception that has one, as 0x800705AA.
    param($ErrorRecord)
    $exception = $ErrorRecord.Exception
    while ($null -ne $exception.InnerException) {
        $exception = $exception.InnerException
    }
    '0x{0:X8}' -f $exception.HResult
}

function Get-TlcRefusalWord {
    param([string]$Code)
    switch ($Code) {
        '0x800700AA' {
            return 'AlreadyMigrating'
        }
        '0x800705AA' {
            return 'InsufficientMemory'
        }
        '0x8007000E' {
            return 'InsufficientMemory'
        }
        '0x80071398' {
            return 'NotPossibleOwner'
        }
        '0xC03A0014' {
            return 'IsoMounted'
        }
        '0x8007139F' {
            return 'InvalidState'
        }
        default {
            return 'ClusterRefused'
        }
    }
}

# ---- facts that several functions tell ---------------------------------------------------------------------

function Get-TlcOsBuild {
    $key = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    '10.0.{0}.{1}' -f $key.CurrentBuild, $key.UBR
}

function Get-TlcRelease {
    # The solution's version, as 11.2510.1002.93; null where the lifecycle module is not there.
    try {
        "$((Get-SolutionUpdateEnvironment).CurrentVersion)"
    }
    catch {
        $null
    }
}

function Get-TlcPlacementName {
    # Names of the nodes on which Azure may place VMs; null if MOC did not answer.
    try {
        $names = @(foreach ($node in @(Get-MocPhysicalNode)) {
                if ($node.Name) {
                    "$($node.Name)"
                }
                else {
                    "$($node.nodeName)"
                }
            })
        , $names
    }
    catch {
        $null
    }
}

function Find-TlcClusterNode {
    param($Cmdlet, [string]$Name)
    $node = @(Get-ClusterNode) | Where-Object -FilterScript { $_.Name -eq $Name } | Select-Object -First 1
    if ($null -eq $node) {
        Deny-TlcCall -Cmdlet $Cmdlet -Identity 'NodeNotFound' -Text "The cluster has no node $Name." -Target $Name
    }
    $node
}

function Find-TlcClusterGroup {
    param($Cmdlet, [guid]$VMId)
    $group = Get-ClusterGroup -VMId $VMId -ErrorAction SilentlyContinue
    if ($null -eq $group) {
        Deny-TlcCall -Cmdlet $Cmdlet -Identity 'VmNotFound' -Text 'The cluster has no VM of this id.' -Target $VMId
    }
    $group
}

function ConvertTo-TlcNodeRow {
    param($Node, $PlacementNames)
    $accepts = $null
    if ($null -ne $PlacementNames) {
        $accepts = [bool](@($PlacementNames) -contains "$($Node.Name)")
    }
    [ordered]@{
        name                  = "$($Node.Name)"
        state                 = "$($Node.State)"
        statusFlags           = [int]$Node.StatusInformation
        drainStatus           = "$($Node.DrainStatus)"
        acceptsAzurePlacement = $accepts
    }
}

function Get-TlcHealthFaultRow {
    # null if the Health Service did not answer.
    try {
        $faults = @(Get-StorageSubSystem -FriendlyName 'Clustered*' | Get-HealthFault)
    }
    catch {
        return $null
    }
    $rows = @(foreach ($fault in $faults) {
            $severity = switch ([int]$fault.PerceivedSeverity) {
                4 {
                    'Informational'
                }
                5 {
                    'Warning'
                }
                6 {
                    'Error'
                }
                default {
                    'Unknown'
                }
            }
            [ordered]@{
                faultId        = "$($fault.FaultId)"
                severity       = "$severity"
                faultType      = "$($fault.FaultType)"
                reason         = "$($fault.Reason)"
                objectName     = "$($fault.FaultingObjectDescription)"
                objectLocation = "$($fault.FaultingObjectLocation)"
            }
        })
    , $rows
}

function Get-TlcMigrationTraffic {
    # Facts only. That traffic is encrypted cannot be proven from here, so the answer is "no" or "not known".
    $transport = $null
    $isEncrypted = $null
    $evidence = New-Object -TypeName System.Collections.ArrayList
    $known = 0
    $signs = 0
    try {
        $transport = "$((Get-VMHost).VirtualMachineMigrationPerformanceOption)"
    }
    catch {
        [void]$evidence.Add('Get-VMHost did not answer')
    }
    try {
        $count = @(Get-NetIPsecQuickModeSA).Count
        [void]$evidence.Add("$count IPsec quick mode associations")
        $known += 1
        if ($count -gt 0) {
            $signs += 1
        }
    }
    catch {
        [void]$evidence.Add('IPsec associations could not be read')
    }
    try {
        $encrypts = [bool](Get-SmbServerConfiguration).EncryptData
        [void]$evidence.Add("SMB EncryptData is $encrypts")
        $known += 1
        if ($encrypts -and $transport -eq 'SMBTransport') {
            $signs += 1
        }
    }
    catch {
        [void]$evidence.Add('SMB configuration could not be read')
    }
    if ($known -eq 2 -and $signs -eq 0) {
        $isEncrypted = $false
    }
    [ordered]@{
        transport   = $transport
        isEncrypted = $isEncrypted
        evidence    = @($evidence)
    }
}

function Get-TlcRate {
    # KiB a second over all rows of a counter class (UNVERIFIED on a real node); null if it cannot be read.
    param([string]$ClassName, [string]$Property, [string]$Filter)
    try {
        if ($Filter) {
            $rows = @(Get-CimInstance -ClassName $ClassName -Filter $Filter)
        }
        else {
            $rows = @(Get-CimInstance -ClassName $ClassName)
        }
    }
    catch {
        return $null
    }
    if ($rows.Count -eq 0) {
        return $null
    }
    [long][math]::Floor(($rows | Measure-Object -Property $Property -Sum).Sum / 1024)
}

function Get-TlcVmRate {
    # The counters of VMs, by the name of their instance in lower case (UNVERIFIED: that adapters are named
    # "<VM>_..." and discs by their path with "-" for "\"). An empty table: they could not be read.
    param([string]$ClassName, [string[]]$Properties)
    $table = @{}
    try {
        $rows = @(Get-CimInstance -ClassName $ClassName)
    }
    catch {
        return $table
    }
    foreach ($row in $rows) {
        $sum = 0.0
        foreach ($property in $Properties) {
            $sum += [double]$row.$property
        }
        $table["$($row.Name)".ToLowerInvariant()] = $sum
    }
    $table
}

function Get-TlcSharedVolumeRow {
    # State, path and room of each cluster shared volume, and how each node reaches it; null if not told.
    try {
        $volumes = @(Get-ClusterSharedVolume)
    }
    catch {
        return $null
    }
    $states = $null
    try {
        $states = @(Get-ClusterSharedVolumeState)
    }
    catch {
        $states = $null
    }
    $rows = @(foreach ($volume in $volumes) {
            $information = @($volume.SharedVolumeInfo)[0]
            $access = $null
            if ($null -ne $states) {
                $access = @(foreach ($state in @($states | Where-Object -FilterScript { "$($_.Name)" -eq "$($volume.Name)" })) {
                        [ordered]@{ node = "$($state.Node)"; state = "$($state.StateInfo)" }
                    })
            }
            [ordered]@{
                name      = "$($volume.Name)"
                path      = "$($information.FriendlyVolumeName)"
                state     = "$($volume.State)"
                ownerNode = "$($volume.OwnerNode)"
                totalMiB  = ConvertTo-TlcMib -Bytes $information.Partition.Size
                freeMiB   = ConvertTo-TlcMib -Bytes $information.Partition.FreeSpace
                access    = $access
            }
        })
    , $rows
}

function Get-TlcStorageLinkRow {
    # Each node's interface in each network that carries storage, as the cluster sees it; null if not told.
    # Such a network is for the cluster only (role 1), or Network ATC named it so. UNVERIFIED on a real node.
    try {
        $networks = @(Get-ClusterNetwork | Where-Object -FilterScript { [int]$_.Role -eq 1 -or "$($_.Name)" -match 'storage' })
        $names = @($networks | ForEach-Object -Process { "$($_.Name)" })
        $interfaces = @(Get-ClusterNetworkInterface | Where-Object -FilterScript { $names -contains "$($_.Network)" })
    }
    catch {
        return $null
    }
    $rows = @(foreach ($interface in $interfaces) {
            [ordered]@{
                node    = "$($interface.Node)"
                network = "$($interface.Network)"
                state   = "$($interface.State)"
            }
        })
    , $rows
}

function Get-TlcGuestStateKey {
    # Names of the guest state protection keys in the cluster's key vault, which are VM ids; null if not told.
    # From "Manually back up and recover guest state protection keys" (2025-07); UNVERIFIED on a real node.
    try {
        $keys = @(Get-MocKey -group 'AzureStackHostAttestation' -keyvaultName 'AzureStackTvmKeyVault')
    }
    catch {
        return $null
    }
    $names = @($keys | ForEach-Object -Process { "$($_.Name)".ToLowerInvariant() })
    , $names
}

function Get-TlcVmParameter {
    # Private properties of the cluster's VM resources, as a table by lower-case VM id.
    param([string]$OwnerNode)
    $table = @{}
    $resources = @(Get-ClusterResource | Where-Object -FilterScript { "$($_.ResourceType)" -eq 'Virtual Machine' })
    if ($OwnerNode) {
        $resources = @($resources | Where-Object -FilterScript { "$($_.OwnerNode)" -eq $OwnerNode })
    }
    foreach ($resource in $resources) {
        $row = @{ Group = "$($resource.OwnerGroup)"; Resource = $resource }
        foreach ($parameter in @($resource | Get-ClusterParameter -ErrorAction SilentlyContinue)) {
            $row["$($parameter.Name)"] = $parameter.Value
        }
        if ($row['VmID']) {
            $table["$($row['VmID'])".Trim('{}').ToLowerInvariant()] = $row
        }
    }
    $table
}

function Get-TlcAllowedFunction {
    # Names of this module's functions that the caller may use: by role at a constrained endpoint, all of them for an
    # administrator elsewhere; null where nobody can tell. Looked up once a session.
    if ($null -ne $script:Allowed) {
        return , $script:Allowed
    }
    try {
        $configuration = "$($PSSenderInfo.ConfigurationName)"
        if ($configuration -and $configuration -ne 'Microsoft.PowerShell') {
            $names = @(Get-PSSessionCapability -ConfigurationName $configuration -Username "$($PSSenderInfo.ConnectedUser)" | ForEach-Object -Process { "$($_.Name)" })
            $script:Allowed = @($names | Where-Object -FilterScript { $_ -like '*-Tlc*' })
        }
        else {
            $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
            $principal = New-Object -TypeName System.Security.Principal.WindowsPrincipal -ArgumentList $identity
            if (-not $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) {
                return $null
            }
            $script:Allowed = @(Get-Command -Module 'TrustedLaunchConsole' | ForEach-Object -Process { "$($_.Name)" })
        }
        , $script:Allowed
    }
    catch {
        $null
    }
}

function Get-TlcAffinityRule {
    # Rules that keep groups together or apart; null where they could not be read.
    try {
        $rules = @(foreach ($rule in @(Get-ClusterAffinityRule)) {
                [ordered]@{
                    name      = "$($rule.Name)"
                    ruleType  = "$($rule.RuleType)"
                    groups    = @($rule.Groups | Where-Object -FilterScript { $_ } | ForEach-Object -Process { "$_" })
                    isEnabled = [bool]$rule.Enabled
                }
            })
        , $rules
    }
    catch {
        $null
    }
}

function Get-TlcFaultDomain {
    # The highest fault domain above each node, as a table by node name; null where they could not be read.
    try {
        $parents = @{}
        foreach ($domain in @(Get-ClusterFaultDomain)) {
            $parents["$($domain.Name)"] = "$($domain.ParentName)"
        }
        $table = @{}
        foreach ($node in @(Get-ClusterNode)) {
            $top = ''
            $name = $parents["$($node.Name)"]
            while ($name) {
                $top = $name
                $name = $parents[$name]
            }
            $table["$($node.Name)"] = $top
        }
        $table
    }
    catch {
        $null
    }
}

function Get-TlcExcludedNetwork {
    # Ids of cluster networks that the cluster keeps live migrations off; where nobody can tell, every network
    # may carry them.
    try {
        $type = Get-ClusterResourceType -Name 'Virtual Machine'
        $excluded = ($type | Get-ClusterParameter -Name 'MigrationExcludeNetworks').Value
        @("$excluded".Split(';') | Where-Object -FilterScript { $_ })
    }
    catch {
        @()
    }
}

function Get-TlcMigrationJob {
    # The newest migration job of each VM that this node knows; jobs vanish five minutes after their end.
    $table = @{}
    try {
        $jobs = @(Get-CimInstance -Namespace 'root\virtualization\v2' -ClassName 'Msvm_MigrationJob')
    }
    catch {
        return $table
    }
    foreach ($job in @($jobs | Sort-Object -Property StartTime)) {
        $table["$($job.VirtualSystemName)".ToLowerInvariant()] = $job
    }
    $table
}

function Get-TlcJobPhase {
    param([int]$JobState)
    switch ($JobState) {
        2 {
            return 'Queued'
        }
        7 {
            return 'Completed'
        }
        8 {
            return 'Canceled'
        }
        9 {
            return 'Canceled'
        }
        10 {
            return 'Failed'
        }
        default {
            return 'Running'
        }
    }
}

function Get-TlcVmStateWord {
    # VmState of the cluster's VM resource, as Hyper-V's word; null for a number that is not known.
    param($Number)
    switch ("$Number") {
        '2' {
            return 'Running'
        }
        '3' {
            return 'Off'
        }
        '32768' {
            return 'Paused'
        }
        '32769' {
            return 'Saved'
        }
        '32770' {
            return 'Starting'
        }
        '32773' {
            return 'Saving'
        }
        '32774' {
            return 'Stopping'
        }
        '32776' {
            return 'Pausing'
        }
        '32777' {
            return 'Resuming'
        }
        default {
            return $null
        }
    }
}

function Get-TlcMigrationRow {
    param([guid]$VMId, $Group)
    $id = $VMId.ToString()
    $parameters = (Get-TlcVmParameter)[$id]
    $vmState = $null
    if ($null -ne $parameters) {
        $vmState = Get-TlcVmStateWord -Number $parameters['VmState']
    }
    $row = [ordered]@{
        vmId        = $id
        ownerNode   = "$($Group.OwnerNode)"
        # Together with the owner they tell a quick migration, which is no migration job.
        vmState     = $vmState
        groupState  = "$($Group.State)"
        phase       = ''
        source      = $null
        target      = $null
        operationId = $null
        percent     = $null
        failureCode = $null
        failureText = $null
        # Neither Msvm_MigrationJob nor the cluster's resource tells these.
        passNumber   = $null
        copiedMiB    = $null
        remainingMiB = $null
        blackoutMs   = $null
    }
    $job = (Get-TlcMigrationJob)[$id]
    if ($null -ne $job) {
        $row.phase = Get-TlcJobPhase -JobState $job.JobState
        $row.source = $env:COMPUTERNAME
        $row.target = "$($job.DestinationHost)".Split('.')[0]
        $row.percent = [math]::Min([int]$job.PercentComplete, 100)
        if ($row.phase -eq 'Failed') {
            $row.failureCode = '0x{0:X8}' -f $job.ErrorCode
            $row.failureText = "$($job.ErrorDescription)"
        }
        return $row
    }
    if ($null -ne $parameters -and $null -ne $parameters['MigrationProgress']) {
        $progress = [int]$parameters['MigrationProgress']
        if ($progress -gt 0 -and $progress -lt 100) {
            $row.phase = 'Running'
            $row.percent = $progress
        }
        elseif ($parameters['MigrationFailureReason']) {
            # Of the latest attempt, whenever that was: told, but no phase is concluded from it.
            $row.failureCode = '0x{0:X8}' -f $parameters['MigrationFailureReason']
        }
    }
    $row
}

# ---- reading -----------------------------------------------------------------------------------------------

function Get-TlcCluster {
    [CmdletBinding()]
    [OutputType([string])]
    param()
    $cluster = Get-Cluster
    $placement = Get-TlcPlacementName
    $domains = Get-TlcFaultDomain
    $nodes = @(foreach ($node in @(Get-ClusterNode)) {
            $row = ConvertTo-TlcNodeRow -Node $node -PlacementNames $placement
            $row.faultDomain = $null
            if ($null -ne $domains) {
                $row.faultDomain = $domains["$($node.Name)"]
            }
            $row
        })
    # Enumerated anew: 5.1 writes an array that came out of a function as {"value":..., "Count":...}.
    $faults = Get-TlcHealthFaultRow
    if ($null -ne $faults) {
        $faults = @($faults)
    }
    $allowed = Get-TlcAllowedFunction
    if ($null -ne $allowed) {
        $allowed = @($allowed)
    }
    $rules = Get-TlcAffinityRule
    if ($null -ne $rules) {
        $rules = @($rules)
    }
    $parallel = $null
    if ($null -ne $cluster.MaximumParallelMigrations) {
        $parallel = [int]$cluster.MaximumParallelMigrations
    }
    $mode = $null
    if ($null -ne $cluster.AutoBalancerMode) {
        $mode = [int]$cluster.AutoBalancerMode
    }
    $level = $null
    if ($null -ne $cluster.AutoBalancerLevel) {
        $level = [int]$cluster.AutoBalancerLevel
    }
    $enforces = $null
    if ($null -ne $cluster.ClusterEnforcedAntiAffinity) {
        $enforces = [bool]$cluster.ClusterEnforcedAntiAffinity
    }
    ConvertTo-TlcAnswer -Data ([ordered]@{
            name                 = "$($cluster.Name)"
            nodes                = $nodes
            parallelMigrations   = $parallel
            migrationEncrypted   = (Get-TlcMigrationTraffic).isEncrypted
            release              = Get-TlcRelease
            osBuild              = Get-TlcOsBuild
            healthFaults         = $faults
            affinityRules        = $rules
            balancerMode         = $mode
            balancerLevel        = $level
            enforcesAntiAffinity = $enforces
            allowedFunctions     = $allowed
        })
}

function Get-TlcNode {
    [CmdletBinding()]
    [OutputType([string])]
    param()
    $system = Get-CimInstance -ClassName 'Win32_OperatingSystem'
    $computer = Get-CimInstance -ClassName 'Win32_ComputerSystem'
    $processors = @(Get-CimInstance -ClassName 'Win32_Processor')
    $load = ($processors | Measure-Object -Property LoadPercentage -Average).Average
    $cores = ($processors | Measure-Object -Property NumberOfLogicalProcessors -Sum).Sum
    $agent = 'Missing'
    $agentVersion = $null
    $service = Get-CimInstance -ClassName 'Win32_Service' -Filter "Name='IgvmAgent'"
    if ($null -ne $service) {
        $agent = "$($service.State)".Replace(' ', '')
        $path = "$($service.PathName)".Trim('"')
        $file = Get-Item -LiteralPath $path -ErrorAction SilentlyContinue
        if ($null -ne $file) {
            $agentVersion = "$($file.VersionInfo.FileVersion)"
        }
    }
    $excluded = Get-TlcExcludedNetwork
    $networks = @(foreach ($network in @(Get-ClusterNetwork)) {
            if (@($excluded) -contains "$($network.Id)") {
                continue
            }
            $speed = $null
            $adapters = @(Get-ClusterNetworkInterface -Node $env:COMPUTERNAME -Network $network.Name -ErrorAction SilentlyContinue)
            if ($adapters.Count -gt 0) {
                $adapter = Get-NetAdapter -InterfaceDescription "$($adapters[0].Adapter)" -ErrorAction SilentlyContinue | Select-Object -First 1
                if ($null -ne $adapter) {
                    $speed = [long]($adapter.ReceiveLinkSpeed / 1000000)
                }
            }
            [ordered]@{
                name        = "$($network.Name)"
                isUp        = [bool]("$($network.State)" -eq 'Up')
                linkMbps    = $speed
                isEncrypted = $null
            }
        })
    $switches = $null
    $versions = $null
    try {
        $switches = @(Get-VMSwitch | ForEach-Object -Process { "$($_.Name)" })
        $versions = @(Get-VMHostSupportedVersion | ForEach-Object -Process { "$($_.Version)" })
    }
    catch {
        # Hyper-V does not answer: what was not read stays null.
        $versions = $null
    }
    ConvertTo-TlcAnswer -Data ([ordered]@{
            name               = $env:COMPUTERNAME
            fqdn               = '{0}.{1}' -f $computer.DNSHostName, $computer.Domain
            logicalProcessors  = [int]$cores
            cpuPercent         = $load
            memoryTotalMiB     = [long][math]::Floor($system.TotalVisibleMemorySize / 1024)
            memoryAvailableMiB = [long][math]::Floor($system.FreePhysicalMemory / 1024)
            igvmAgent          = $agent
            igvmAgentVersion   = $agentVersion
            migrationNetworks  = $networks
            processorModel     = "$($processors[0].Name)".Trim()
            osBuild            = Get-TlcOsBuild
            switches           = $switches
            vmVersions         = $versions
            networkKiBps       = Get-TlcRate -ClassName 'Win32_PerfFormattedData_Tcpip_NetworkAdapter' -Property 'BytesTotalPersec'
            storageKiBps       = Get-TlcRate -ClassName 'Win32_PerfFormattedData_PerfDisk_PhysicalDisk' -Property 'DiskBytesPersec' -Filter "Name='_Total'"
        })
}

function Get-TlcVmDetail {
    # What is asked for all VMs at once and joined by VM id: security, firmware, discs, adapters, checkpoints.
    param($VirtualMachines)
    $details = @{}
    foreach ($vm in $VirtualMachines) {
        $details["$($vm.Id)"] = @{
            Vtpm = $null; SecureBoot = $null; Iso = $null; HasCheckpoints = $null; Addresses = @()
            Switches = $null; Compatible = $null; Network = $null; Storage = $null; Volumes = @()
        }
    }
    foreach ($security in @(Get-VMSecurity -VM $VirtualMachines -ErrorAction SilentlyContinue)) {
        $entry = $details["$($security.VMId)"]
        if ($null -ne $entry) {
            $entry.Vtpm = [bool]$security.TpmEnabled
        }
    }
    $second = @($VirtualMachines | Where-Object -FilterScript { $_.Generation -eq 2 })
    if ($second.Count -gt 0) {
        foreach ($firmware in @(Get-VMFirmware -VM $second -ErrorAction SilentlyContinue)) {
            $entry = $details["$($firmware.VMId)"]
            if ($null -ne $entry) {
                $entry.SecureBoot = [bool]("$($firmware.SecureBoot)" -eq 'On')
            }
        }
    }
    foreach ($processor in @(Get-VMProcessor -VM $VirtualMachines -ErrorAction SilentlyContinue)) {
        $entry = $details["$($processor.VMId)"]
        if ($null -ne $entry) {
            $entry.Compatible = [bool]$processor.CompatibilityForMigrationEnabled
        }
    }
    # An empty list means "none" only where the question was answered.
    try {
        $drives = @(Get-VMDvdDrive -VM $VirtualMachines)
        foreach ($entry in $details.Values) {
            $entry.Iso = ''
        }
        foreach ($drive in $drives) {
            $entry = $details["$($drive.VMId)"]
            if ($null -ne $entry -and $drive.Path) {
                $entry.Iso = "$($drive.Path)"
            }
        }
    }
    catch {
        $drives = $null
    }
    try {
        $adapters = @(Get-VMNetworkAdapter -VM $VirtualMachines)
        foreach ($entry in $details.Values) {
            $entry.Switches = @()
        }
        foreach ($adapter in $adapters) {
            $entry = $details["$($adapter.VMId)"]
            if ($null -ne $entry) {
                $entry.Addresses += @($adapter.IPAddresses | ForEach-Object -Process { "$_" })
                if ($adapter.SwitchName) {
                    $entry.Switches += @("$($adapter.SwitchName)")
                }
            }
        }
    }
    catch {
        $adapters = $null
    }
    try {
        $checkpoints = @(Get-VMSnapshot -VM $VirtualMachines)
        foreach ($entry in $details.Values) {
            $entry.HasCheckpoints = $false
        }
        foreach ($checkpoint in $checkpoints) {
            $entry = $details["$($checkpoint.VMId)"]
            if ($null -ne $entry) {
                $entry.HasCheckpoints = $true
            }
        }
    }
    catch {
        $checkpoints = $null
    }
    $sent = Get-TlcVmRate -ClassName 'Win32_PerfFormattedData_NvspNicStats_HyperVVirtualNetworkAdapter' -Properties @('BytesPersec')
    $moved = Get-TlcVmRate -ClassName 'Win32_PerfFormattedData_Counters_HyperVVirtualStorageDevice' -Properties @('ReadBytesPersec', 'WriteBytesPersec')
    foreach ($vm in $VirtualMachines) {
        $entry = $details["$($vm.Id)"]
        $begin = "$($vm.Name)_".ToLowerInvariant()
        foreach ($name in @($sent.Keys | Where-Object -FilterScript { $_.StartsWith($begin) })) {
            $entry.Network = [double]$entry.Network + $sent[$name]
        }
        $paths = @("$($vm.Path)") + @($vm.HardDrives | ForEach-Object -Process { "$($_.Path)" })
        foreach ($path in $paths) {
            $device = $path.Replace('\', '-').ToLowerInvariant()
            if ($moved.ContainsKey($device)) {
                $entry.Storage = [double]$entry.Storage + $moved[$device]
            }
            if ($path -match '^[A-Za-z]:\\ClusterStorage\\[^\\]+') {
                $entry.Volumes += $Matches[0]
            }
        }
        $entry.Volumes = @($entry.Volumes | Sort-Object -Unique)
    }
    $details
}

function ConvertTo-TlcVmRow {
    param($VM, $Detail, $Parameters, $Job, $Group)
    $groupName = $null
    $groupState = $null
    $groupFlags = $null
    $owners = $null
    $preferred = $null
    $classes = $null
    if ($null -ne $Parameters) {
        $groupName = $Parameters.Group
        if ($null -ne $Group) {
            $groupState = "$($Group.State)"
            if ($null -ne $Group.StatusInformation) {
                $groupFlags = [int]$Group.StatusInformation
            }
            $classes = @($Group.AntiAffinityClassNames | Where-Object -FilterScript { $_ } | ForEach-Object -Process { "$_" })
            $wanted = $Group | Get-ClusterOwnerNode -ErrorAction SilentlyContinue
            if ($null -ne $wanted) {
                $preferred = @($wanted.OwnerNodes | ForEach-Object -Process { "$($_.Name)" })
            }
        }
        $possible = $Parameters.Resource | Get-ClusterOwnerNode -ErrorAction SilentlyContinue
        if ($null -ne $possible) {
            $owners = @($possible.OwnerNodes | ForEach-Object -Process { "$($_.Name)" })
        }
    }
    $isolation = $null
    if ($null -ne $VM.PSObject.Properties['GuestStateIsolationType']) {
        $isolation = "$($VM.GuestStateIsolationType)"
    }
    $since = $null
    if ($VM.Uptime.TotalSeconds -gt 0) {
        $since = ConvertTo-TlcUnixTime -Time ((Get-Date) - $VM.Uptime)
    }
    $status = "$(@($VM.OperationalStatus)[0])"
    $migration = $null
    if ($status -eq 'MigratingVirtualMachine') {
        $migration = [ordered]@{ target = ''; percent = $null; phase = 'Running'; operationId = $null }
        if ($null -ne $Job) {
            $migration.target = "$($Job.DestinationHost)".Split('.')[0]
            $migration.percent = [math]::Min([int]$Job.PercentComplete, 100)
        }
    }
    $switches = $null
    if ($null -ne $Detail.Switches) {
        $switches = @($Detail.Switches)
    }
    [ordered]@{
        vmId                   = "$($VM.Id)".ToLowerInvariant()
        name                   = "$($VM.Name)"
        ownerNode              = $env:COMPUTERNAME
        state                  = "$($VM.State)"
        groupName              = $groupName
        groupState             = $groupState
        isClustered            = [bool]$VM.IsClustered
        groupFlags             = $groupFlags
        heartbeat              = "$($VM.Heartbeat)"
        operationalStatus      = $status
        generation             = [int]$VM.Generation
        configurationVersion   = "$($VM.Version)"
        processors             = [int]$VM.ProcessorCount
        memoryMiB              = ConvertTo-TlcMib -Bytes $VM.MemoryStartup
        hasDynamicMemory       = [bool]$VM.DynamicMemoryEnabled
        isolation              = $isolation
        secureBoot             = $Detail.SecureBoot
        vtpm                   = $Detail.Vtpm
        vtpmState              = $null
        runningSince           = $since
        mountedIso             = $Detail.Iso
        hasCheckpoints         = $Detail.HasCheckpoints
        possibleOwners         = $owners
        preferredOwners        = $preferred
        antiAffinityClasses    = $classes
        processorCompatibility = $Detail.Compatible
        switches               = $switches
        addresses              = @($Detail.Addresses)
        migration              = $migration
        cpuPercent             = [int]$VM.CPUUsage
        memoryAssignedMiB      = ConvertTo-TlcMib -Bytes $VM.MemoryAssigned
        memoryDemandMiB        = ConvertTo-TlcMib -Bytes $VM.MemoryDemand
        networkKiBps           = ConvertTo-TlcKib -Bytes $Detail.Network
        storageKiBps           = ConvertTo-TlcKib -Bytes $Detail.Storage
        volumes                = @($Detail.Volumes)
    }
}

function Get-TlcVirtualMachine {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter()]
        [guid]$VMId,

        [Parameter()]
        [ValidateRange(1, 5000)]
        [int]$First,

        [Parameter()]
        [ValidateRange(0, 100000)]
        [int]$Skip
    )
    if ($PSBoundParameters.ContainsKey('VMId')) {
        $machines = @(Get-VM -Id $VMId -ErrorAction SilentlyContinue)
    }
    else {
        $machines = @(Get-VM | Sort-Object -Property Id)
    }
    if ($PSBoundParameters.ContainsKey('Skip')) {
        $machines = @($machines | Select-Object -Skip $Skip)
    }
    if ($PSBoundParameters.ContainsKey('First')) {
        $machines = @($machines | Select-Object -First $First)
    }
    $rows = @()
    if ($machines.Count -gt 0) {
        $details = Get-TlcVmDetail -VirtualMachines $machines
        $parameters = Get-TlcVmParameter -OwnerNode $env:COMPUTERNAME
        $jobs = Get-TlcMigrationJob
        $groups = @{}
        foreach ($group in @(Get-ClusterGroup -ErrorAction SilentlyContinue)) {
            $groups["$($group.Name)"] = $group
        }
        $rows = @(foreach ($vm in $machines) {
                $id = "$($vm.Id)".ToLowerInvariant()
                # A VM that is just arriving is registered here too; the cluster says who owns it,
                # unless it told of no VM at all.
                $isOwn = $parameters.ContainsKey($id) -or $parameters.Count -eq 0
                if ($isOwn -or -not $vm.IsClustered) {
                    $own = $null
                    if ($parameters.ContainsKey($id)) {
                        $own = $groups["$($parameters[$id].Group)"]
                    }
                    ConvertTo-TlcVmRow -VM $vm -Detail $details["$($vm.Id)"] -Parameters $parameters[$id] -Job $jobs[$id] -Group $own
                }
            })
    }
    ConvertTo-TlcAnswer -Data $rows
}

function Get-TlcHealth {
    [CmdletBinding()]
    [OutputType([string])]
    param()
    $faults = Get-TlcHealthFaultRow
    if ($null -ne $faults) {
        $faults = @($faults)
    }
    # Enumerated anew: 5.1 writes an array that came out of a function as {"value":..., "Count":...}.
    $volumes = Get-TlcSharedVolumeRow
    if ($null -ne $volumes) {
        $volumes = @($volumes)
    }
    $links = Get-TlcStorageLinkRow
    if ($null -ne $links) {
        $links = @($links)
    }
    $keys = Get-TlcGuestStateKey
    if ($null -ne $keys) {
        $keys = @($keys)
    }
    $jobs = $null
    try {
        $jobs = @(foreach ($job in @(Get-StorageJob)) {
                [ordered]@{
                    name    = "$($job.Name)"
                    state   = "$($job.JobState)"
                    percent = [int]$job.PercentComplete
                }
            })
    }
    catch {
        $jobs = $null
    }
    ConvertTo-TlcAnswer -Data ([ordered]@{
            healthFaults     = $faults
            sharedVolumes    = $volumes
            storageJobs      = $jobs
            storageLinks     = $links
            guestStateKeys   = $keys
            migrationTraffic = Get-TlcMigrationTraffic
        })
}

function Get-TlcLiveMigration {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [guid]$VMId
    )
    $group = Find-TlcClusterGroup -Cmdlet $PSCmdlet -VMId $VMId
    ConvertTo-TlcAnswer -Data (Get-TlcMigrationRow -VMId $VMId -Group $group)
}

function Get-TlcNodeDrain {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)$')]
        [string]$Name
    )
    $node = Find-TlcClusterNode -Cmdlet $PSCmdlet -Name $Name
    $groups = @(Get-ClusterGroup | Where-Object -FilterScript { "$($_.OwnerNode)" -eq "$($node.Name)" })
    $ofVms = @($groups | Where-Object -FilterScript { "$($_.GroupType)" -eq 'VirtualMachine' })
    $others = @(foreach ($group in $groups) {
            if ("$($group.GroupType)" -ne 'VirtualMachine') {
                "$($group.Name)"
            }
        })
    $parameters = Get-TlcVmParameter -OwnerNode "$($node.Name)"
    $rows = @(foreach ($group in $ofVms) {
            $id = $null
            $code = $null
            foreach ($key in @($parameters.Keys)) {
                if ($parameters[$key].Group -eq "$($group.Name)") {
                    $id = $key
                    if ($parameters[$key]['MigrationFailureReason']) {
                        # Of its latest attempt, whenever that was.
                        $code = '0x{0:X8}' -f $parameters[$key]['MigrationFailureReason']
                    }
                }
            }
            [ordered]@{
                vmId        = $id
                name        = "$($group.Name)"
                groupState  = "$($group.State)"
                failureCode = $code
                failureText = $null
            }
        })
    $accepts = $null
    $placement = Get-TlcPlacementName
    if ($null -ne $placement) {
        $accepts = [bool](@($placement) -contains "$($node.Name)")
    }
    $jobs = $null
    try {
        $jobs = @(foreach ($job in @(Get-StorageJob)) {
                if ("$($job.JobState)" -ne 'Completed') {
                    "$($job.Name) ($($job.JobState), $([int]$job.PercentComplete) %)"
                }
            })
    }
    catch {
        $jobs = $null
    }
    ConvertTo-TlcAnswer -Data ([ordered]@{
            name                  = "$($node.Name)"
            state                 = "$($node.State)"
            statusFlags           = [int]$node.StatusInformation
            drainStatus           = "$($node.DrainStatus)"
            # The cluster's object tells that it failed, not why; each VM's code below does.
            drainFailure          = $null
            acceptsAzurePlacement = $accepts
            vmsLeft               = $ofVms.Count
            vms                   = $rows
            otherGroups           = $others
            storageJobs           = $jobs
        })
}

function ConvertTo-TlcHistory {
    # MetricId is "VM.Cpu.Usage,VM=<id>"; a series that the cluster does not keep is not told.
    param([string]$TimeFrame, $Records)
    $byName = [ordered]@{}
    foreach ($record in @($Records | Where-Object -FilterScript { $null -ne $_.Time } | Sort-Object -Property Time)) {
        $name = "$($record.MetricId)".Split(',')[0]
        if (-not $byName.Contains($name)) {
            $byName[$name] = [ordered]@{
                name   = $name
                times  = New-Object -TypeName System.Collections.Generic.List[object]
                values = New-Object -TypeName System.Collections.Generic.List[object]
            }
        }
        $value = $null
        if ($null -ne $record.Value) {
            $value = [math]::Round([double]$record.Value, 7)
        }
        $byName[$name].times.Add((ConvertTo-TlcUnixTime -Time $record.Time))
        $byName[$name].values.Add($value)
    }
    [ordered]@{
        timeFrame = $TimeFrame
        series    = @($byName.Values)
    }
}

function Deny-TlcHistory {
    # That it is off is told by the cmdlets that switch it on: those are the same in every language.
    param($Cmdlet, $ErrorRecord, [string]$Target)
    $text = "$($ErrorRecord.Exception.Message)"
    if ($text -like '*Start-ClusterPerformanceHistory*' -or $text -like '*Enable-ClusterS2D*') {
        Deny-TlcCall -Cmdlet $Cmdlet -Identity 'HistoryOff' -Text $text -Target $Target
    }
    Deny-TlcCall -Cmdlet $Cmdlet -Identity 'ClusterRefused' -Text $text -Target $Target
}

function Get-TlcVmHistory {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [guid]$VMId,

        [Parameter(Mandatory = $true)]
        [ValidatePattern('^Last(Hour|Day|Week|Month|Year)(?!\n)$')]
        [string]$TimeFrame
    )
    # Get-VM knows the VMs of the asked node only, and the history wants its objects.
    $machine = @(Get-VM -Id $VMId -ErrorAction SilentlyContinue)
    if ($machine.Count -eq 0) {
        Deny-TlcCall -Cmdlet $PSCmdlet -Identity 'VmNotFound' -Text "Node $env:COMPUTERNAME has no VM $VMId." -Target "$VMId"
    }
    $names = @('VM.Cpu.Usage', 'VM.Memory.Assigned', 'VMNetworkAdapter.Bandwidth.Total', 'VHD.Throughput.Total', 'VHD.Latency.Average')
    $records = @()
    try {
        $records = @($machine | Get-ClusterPerformanceHistory -VMSeriesName $names -TimeFrame $TimeFrame -WarningAction SilentlyContinue)
    }
    catch {
        Deny-TlcHistory -Cmdlet $PSCmdlet -ErrorRecord $_ -Target "$VMId"
    }
    ConvertTo-TlcAnswer -Data (ConvertTo-TlcHistory -TimeFrame $TimeFrame -Records $records)
}

function Get-TlcNodeHistory {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)$')]
        [string]$Name,

        [Parameter(Mandatory = $true)]
        [ValidatePattern('^Last(Hour|Day|Week|Month|Year)(?!\n)$')]
        [string]$TimeFrame
    )
    $node = Find-TlcClusterNode -Cmdlet $PSCmdlet -Name $Name
    $names = @('ClusterNode.Cpu.Usage', 'ClusterNode.Memory.Usage', 'NetAdapter.Bandwidth.Total')
    $records = @()
    try {
        $records = @($node | Get-ClusterPerformanceHistory -ClusterNodeSeriesName $names -TimeFrame $TimeFrame -WarningAction SilentlyContinue)
    }
    catch {
        Deny-TlcHistory -Cmdlet $PSCmdlet -ErrorRecord $_ -Target $Name
    }
    ConvertTo-TlcAnswer -Data (ConvertTo-TlcHistory -TimeFrame $TimeFrame -Records $records)
}

# ---- acting ------------------------------------------------------------------------------------------------

function Start-TlcMove {
    # Compare and move, by either method: refuses before anything is sent to the cluster.
    param($Cmdlet, [guid]$VMId, [string]$TargetNode, [string]$ExpectedOwner, [string]$MigrationType)
    $node = Find-TlcClusterNode -Cmdlet $Cmdlet -Name $TargetNode
    if ("$($node.State)" -ne 'Up') {
        Deny-TlcCall -Cmdlet $Cmdlet -Identity 'NodeNotUp' -Text "Node $($node.Name) is $($node.State)." -Target $TargetNode
    }
    $group = Find-TlcClusterGroup -Cmdlet $Cmdlet -VMId $VMId
    $before = Get-TlcMigrationRow -VMId $VMId -Group $group
    if ($before.phase -eq 'Running' -or $before.phase -eq 'Queued') {
        Deny-TlcCall -Cmdlet $Cmdlet -Identity 'AlreadyMigrating' -Text "$($group.Name) is already migrating." -Target $VMId
    }
    # Compare and move: looked at last, so that as little as possible happens in between.
    $group = Find-TlcClusterGroup -Cmdlet $Cmdlet -VMId $VMId
    $owner = "$($group.OwnerNode)"
    if ($owner -ne $ExpectedOwner) {
        Deny-TlcCall -Cmdlet $Cmdlet -Identity 'OwnerMismatch' -Text "$($group.Name) is on $owner, not $ExpectedOwner." -Target $VMId
    }
    if ($owner -eq "$($node.Name)") {
        Deny-TlcCall -Cmdlet $Cmdlet -Identity 'InvalidState' -Text "$($group.Name) is already on $owner." -Target $VMId
    }
    # A quick migration of a group that is offline hands it over.
    $isReady = "$($group.State)" -eq 'Online' -or ($MigrationType -eq 'Quick' -and "$($group.State)" -eq 'Offline')
    if (-not $isReady) {
        Deny-TlcCall -Cmdlet $Cmdlet -Identity 'InvalidState' -Text "$($group.Name) is $($group.State), not Online." -Target $VMId
    }
    try {
        [void](Move-ClusterVirtualMachineRole -VMId $VMId -Node "$($node.Name)" -MigrationType $MigrationType -Wait 0)
    }
    catch {
        $code = Get-TlcErrorCode -ErrorRecord $_
        $word = Get-TlcRefusalWord -Code $code
        Deny-TlcCall -Cmdlet $Cmdlet -Identity $word -Text "$($_.Exception.Message) ($code)" -Target $VMId
    }
    ConvertTo-TlcAnswer -Data (Get-TlcMigrationRow -VMId $VMId -Group (Find-TlcClusterGroup -Cmdlet $Cmdlet -VMId $VMId))
}

function Start-TlcLiveMigration {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [guid]$VMId,

        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)$')]
        [string]$TargetNode,

        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)$')]
        [string]$ExpectedOwner,

        # For the transcript: the console's own record carries the same id.
        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}(?!\n)$')]
        [string]$OperationId
    )
    Start-TlcMove -Cmdlet $PSCmdlet -VMId $VMId -TargetNode $TargetNode -ExpectedOwner $ExpectedOwner -MigrationType 'Live'
}

function Start-TlcQuickMigration {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [guid]$VMId,

        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)$')]
        [string]$TargetNode,

        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)$')]
        [string]$ExpectedOwner,

        # For the transcript: the console's own record carries the same id.
        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}(?!\n)$')]
        [string]$OperationId
    )
    Start-TlcMove -Cmdlet $PSCmdlet -VMId $VMId -TargetNode $TargetNode -ExpectedOwner $ExpectedOwner -MigrationType 'Quick'
}

function Stop-TlcLiveMigration {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [guid]$VMId,

        # For the transcript; empty where the console did not start the migration.
        [Parameter()]
        [AllowEmptyString()]
        [ValidatePattern('^([A-Za-z0-9][A-Za-z0-9._:-]{0,63})?(?!\n)$')]
        [string]$OperationId
    )
    $group = Find-TlcClusterGroup -Cmdlet $PSCmdlet -VMId $VMId
    try {
        [void](Move-ClusterVirtualMachineRole -VMId $VMId -Cancel -Wait 0)
    }
    catch {
        $now = Get-TlcMigrationRow -VMId $VMId -Group $group
        $word = 'ClusterRefused'
        if ($now.phase -ne 'Running' -and $now.phase -ne 'Queued') {
            $word = 'NotMigrating'
        }
        $code = Get-TlcErrorCode -ErrorRecord $_
        Deny-TlcCall -Cmdlet $PSCmdlet -Identity $word -Text "$($_.Exception.Message) ($code)" -Target $VMId
    }
    ConvertTo-TlcAnswer -Data (Get-TlcMigrationRow -VMId $VMId -Group (Find-TlcClusterGroup -Cmdlet $PSCmdlet -VMId $VMId))
}

function ConvertTo-TlcNodeChange {
    param($Cmdlet, [string]$Name, $Steps)
    $node = Find-TlcClusterNode -Cmdlet $Cmdlet -Name $Name
    $row = ConvertTo-TlcNodeRow -Node $node -PlacementNames (Get-TlcPlacementName)
    $row.steps = @($Steps)
    ConvertTo-TlcAnswer -Data $row
}

function Suspend-TlcNode {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)$')]
        [string]$Name,

        # False: nothing new comes, what is there stays.
        [Parameter()]
        [bool]$Drain = $true,

        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}(?!\n)$')]
        [string]$OperationId
    )
    $node = Find-TlcClusterNode -Cmdlet $PSCmdlet -Name $Name
    if ("$($node.DrainStatus)" -eq 'InProgress') {
        Deny-TlcCall -Cmdlet $PSCmdlet -Identity 'AlreadyDraining' -Text "Node $($node.Name) is already draining." -Target $Name
    }
    if ("$($node.State)" -ne 'Up' -and "$($node.State)" -ne 'Paused') {
        Deny-TlcCall -Cmdlet $PSCmdlet -Identity 'NodeNotUp' -Text "Node $($node.Name) is $($node.State)." -Target $Name
    }
    try {
        # Without -Wait it returns at once; never -ForceDrain, which stops what cannot move.
        if ($Drain) {
            [void](Suspend-ClusterNode -Name "$($node.Name)" -Drain)
        }
        else {
            [void](Suspend-ClusterNode -Name "$($node.Name)")
        }
    }
    catch {
        $code = Get-TlcErrorCode -ErrorRecord $_
        Deny-TlcCall -Cmdlet $PSCmdlet -Identity 'ClusterRefused' -Text "$($_.Exception.Message) ($code)" -Target $Name
    }
    $steps = @([ordered]@{ step = 'Suspend-ClusterNode'; isDone = $true; text = '' })
    ConvertTo-TlcNodeChange -Cmdlet $PSCmdlet -Name $Name -Steps $steps
}

function Set-TlcNodePlacement {
    # The second step of maintenance, and its undoing: a paused node may still be given VMs by Azure.
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)$')]
        [string]$Name,

        [Parameter(Mandatory = $true)]
        [bool]$IsAllowed,

        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}(?!\n)$')]
        [string]$OperationId
    )
    $node = Find-TlcClusterNode -Cmdlet $PSCmdlet -Name $Name
    $cmdlet = 'Remove-MocPhysicalNode'
    if ($IsAllowed) {
        $cmdlet = 'New-MocPhysicalNode'
    }
    $text = ''
    $names = Get-TlcPlacementName
    if ($null -ne $names -and [bool](@($names) -contains "$($node.Name)") -eq $IsAllowed) {
        $text = 'It was so already.'
    }
    else {
        try {
            if ($IsAllowed) {
                [void](New-MocPhysicalNode -NodeName "$($node.Name)")
            }
            else {
                [void](Remove-MocPhysicalNode -NodeName "$($node.Name)")
            }
        }
        catch {
            $code = Get-TlcErrorCode -ErrorRecord $_
            Deny-TlcCall -Cmdlet $PSCmdlet -Identity 'ClusterRefused' -Text "$($_.Exception.Message) ($code)" -Target $Name
        }
    }
    $steps = @([ordered]@{ step = $cmdlet; isDone = $true; text = $text })
    ConvertTo-TlcNodeChange -Cmdlet $PSCmdlet -Name $Name -Steps $steps
}

function Resume-TlcNode {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)$')]
        [string]$Name,

        [Parameter()]
        [bool]$Failback = $true,

        [Parameter(Mandatory = $true)]
        [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}(?!\n)$')]
        [string]$OperationId
    )
    $node = Find-TlcClusterNode -Cmdlet $PSCmdlet -Name $Name
    if ("$($node.State)" -ne 'Paused') {
        Deny-TlcCall -Cmdlet $PSCmdlet -Identity 'InvalidState' -Text "Node $($node.Name) is $($node.State), not Paused." -Target $Name
    }
    $how = 'NoFailback'
    if ($Failback) {
        $how = 'Immediate'
    }
    try {
        [void](Resume-ClusterNode -Name "$($node.Name)" -Failback $how)
    }
    catch {
        $code = Get-TlcErrorCode -ErrorRecord $_
        Deny-TlcCall -Cmdlet $PSCmdlet -Identity 'ClusterRefused' -Text "$($_.Exception.Message) ($code)" -Target $Name
    }
    $steps = @([ordered]@{ step = 'Resume-ClusterNode'; isDone = $true; text = '' })
    ConvertTo-TlcNodeChange -Cmdlet $PSCmdlet -Name $Name -Steps $steps
}

# ---- self-test ---------------------------------------------------------------------------------------------

function Test-TlcEndpoint {
    [CmdletBinding()]
    [OutputType([string])]
    param()
    $needed = @(
        'Get-Cluster', 'Get-ClusterNode', 'Get-ClusterGroup', 'Get-ClusterResource', 'Get-ClusterParameter',
        'Move-ClusterVirtualMachineRole', 'Suspend-ClusterNode', 'Resume-ClusterNode',
        'Get-VM', 'Get-VMSecurity', 'Get-VMFirmware', 'Get-HealthFault',
        'Get-MocPhysicalNode', 'Remove-MocPhysicalNode', 'New-MocPhysicalNode'
    )
    $checks = @(foreach ($name in $needed) {
            $found = Get-Command -Name $name -ErrorAction SilentlyContinue
            [ordered]@{ name = $name; isOk = [bool]($null -ne $found); text = "$($found.Source)" }
        })
    $service = Get-Service -Name 'IgvmAgent' -ErrorAction SilentlyContinue
    $checks += [ordered]@{ name = 'IgvmAgent'; isOk = [bool]("$($service.Status)" -eq 'Running'); text = "$($service.Status)" }
    try {
        $checks += [ordered]@{ name = 'Cluster'; isOk = $true; text = "$((Get-Cluster).Name)" }
    }
    catch {
        $checks += [ordered]@{ name = 'Cluster'; isOk = $false; text = "$($_.Exception.Message)" }
    }
    try {
        $checks += [ordered]@{ name = 'Virtual machines'; isOk = $true; text = "$(@(Get-VM).Count)" }
    }
    catch {
        $checks += [ordered]@{ name = 'Virtual machines'; isOk = $false; text = "$($_.Exception.Message)" }
    }
    ConvertTo-TlcAnswer -Data ([ordered]@{
            moduleVersion = $script:Version
            account       = [System.Security.Principal.WindowsIdentity]::GetCurrent().Name
            checks        = $checks
        })
}

# A full administrator's session may get this file as text, where nothing can be exported.
if ($null -ne $ExecutionContext.SessionState.Module) {
    Export-ModuleMember -Function @(
        'Get-TlcCluster', 'Get-TlcNode', 'Get-TlcVirtualMachine', 'Get-TlcHealth',
        'Get-TlcVmHistory', 'Get-TlcNodeHistory',
        'Start-TlcLiveMigration', 'Start-TlcQuickMigration', 'Get-TlcLiveMigration', 'Stop-TlcLiveMigration',
        'Suspend-TlcNode', 'Set-TlcNodePlacement', 'Get-TlcNodeDrain', 'Resume-TlcNode', 'Test-TlcEndpoint'
    )
}
