"""What the node module's acting functions do, done in the world."""

from console.lab.world.site import Site
from console.lab.wsman_server.engine import Twin
from console.lab.wsman_server.twins import Parameters, ReadingTwins, Row, node_row


class ActingTwins:
    """Starts, stops, suspends and resumes; refusals come as WorldError. Under the site's lock."""

    def __init__(self, site: Site, reading: ReadingTwins) -> None:
        self._site = site
        self._reading = reading

    def start_migration(self, parameters: Parameters) -> Row:
        self._site.start_migration(
            parameters["VMId"],
            parameters["TargetNode"],
            parameters["ExpectedOwner"],
            parameters["OperationId"],
        )
        return self._reading.live_migration(parameters)

    def start_quick_migration(self, parameters: Parameters) -> Row:
        self._site.start_quick_migration(
            parameters["VMId"],
            parameters["TargetNode"],
            parameters["ExpectedOwner"],
            parameters["OperationId"],
        )
        return self._reading.live_migration(parameters)

    def stop_migration(self, parameters: Parameters) -> Row:
        self._site.cancel_migration(parameters["VMId"])
        return self._reading.live_migration(parameters)

    def suspend_node(self, parameters: Parameters) -> Row:
        name = parameters["Name"]
        self._site.suspend_node(name, parameters.get("Drain", True), parameters["OperationId"])
        return self._changed(name, "Suspend-ClusterNode")

    def set_placement(self, parameters: Parameters) -> Row:
        name, is_allowed = parameters["Name"], parameters["IsAllowed"]
        was = self._site.node(name).accepts_azure_placement
        if was is not is_allowed:
            self._site.set_azure_placement(name, is_allowed)
        cmdlet = "New-MocPhysicalNode" if is_allowed else "Remove-MocPhysicalNode"
        row = self._changed(name, cmdlet)
        row["steps"][0]["text"] = "It was so already." if was is is_allowed else ""
        return row

    def resume_node(self, parameters: Parameters) -> Row:
        name = parameters["Name"]
        self._site.resume_node(name, parameters.get("Failback", True), parameters["OperationId"])
        return self._changed(name, "Resume-ClusterNode")

    def _changed(self, name: str, cmdlet: str) -> Row:
        done = [{"step": cmdlet, "isDone": True, "text": ""}]
        return {**node_row(self._site.node(name)), "steps": done}


def all_twins(site: Site, node: str) -> dict[str, Twin]:
    """Every function of the catalogue as the given node would answer it."""
    reading = ReadingTwins(site, node)
    acting = ActingTwins(site, reading)
    return {
        "Get-TlcCluster": reading.cluster,
        "Get-TlcNode": reading.node,
        "Get-TlcVirtualMachine": reading.virtual_machines,
        "Get-TlcHealth": reading.health,
        "Get-TlcVmHistory": reading.vm_history,
        "Get-TlcNodeHistory": reading.node_history,
        "Start-TlcLiveMigration": acting.start_migration,
        "Start-TlcQuickMigration": acting.start_quick_migration,
        "Get-TlcLiveMigration": reading.live_migration,
        "Stop-TlcLiveMigration": acting.stop_migration,
        "Suspend-TlcNode": acting.suspend_node,
        "Set-TlcNodePlacement": acting.set_placement,
        "Get-TlcNodeDrain": reading.node_drain,
        "Resume-TlcNode": acting.resume_node,
        "Test-TlcEndpoint": reading.endpoint,
    }
