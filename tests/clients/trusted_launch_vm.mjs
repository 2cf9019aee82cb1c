// Microsoft's JavaScript SDK against `tlconsole lab`: list, create and delete a Trusted launch VM.
// Machines and clusters through their published clients; VM instances, which have none on npm, through
// @azure/core-rest-pipeline. The lab's endpoints arrive as one JSON object in TLC_LAB; the trust in
// NODE_EXTRA_CA_CERTS. Prints one JSON object of what was seen.
import { createRequire } from "node:module";

// Packages are found from the folder where they were installed (TLC_NODE_MODULES), not beside this file.
const require = createRequire(process.env.TLC_NODE_MODULES + "/");
const { HybridComputeManagementClient } = require("@azure/arm-hybridcompute");
const { AzureStackHCIClient } = require("@azure/arm-azurestackhci");
const {
  bearerTokenAuthenticationPolicy, createDefaultHttpClient, createEmptyPipeline, createPipelineRequest,
} = require("@azure/core-rest-pipeline");

const lab = JSON.parse(process.env.TLC_LAB);
const endpoint = lab.arm.url;
if (new URL(endpoint).hostname !== "127.0.0.1") throw new Error("this script is for the lab only");
const scope = `${endpoint}/.default`;
const credential = { getToken: async () => ({ token: lab.arm.token, expiresOnTimestamp: Date.now() + 3600e3 }) };
const options = { endpoint, credentialScopes: [scope] };
const subscription = lab.arm.subscription_id;
const VM_API = "2025-06-01-preview", MACHINE_API = "2024-07-10";

const pipeline = createEmptyPipeline();
pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: scope }));
const http = createDefaultHttpClient();

async function ask(method, path, api, body) {
  const request = createPipelineRequest({
    url: `${endpoint}${path}${path.includes("?") ? "&" : "?"}api-version=${api}`, method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: undefined,
  });
  if (body !== undefined) request.headers.set("Content-Type", "application/json");
  const answer = await pipeline.sendRequest(http, request);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.bodyAsText}`);
  return answer.bodyAsText ? JSON.parse(answer.bodyAsText) : null;
}

async function ended(path) {
  for (let i = 0; i < 60; i++) {
    const found = await ask("GET", path, VM_API);
    if (["Succeeded", "Failed", "Canceled"].includes(found.properties.provisioningState)) return found;
    await new Promise((done) => setTimeout(done, 1000));
  }
  throw new Error(`${path} does not end`);
}

const stackhci = new AzureStackHCIClient(credential, subscription, options);
const hybrid = new HybridComputeManagementClient(credential, subscription, options);
const clusters = [];
for await (const one of stackhci.clusters.listBySubscription()) clusters.push(one.name);
const before = [];
for await (const one of hybrid.machines.listBySubscription()) before.push(one.name);

const first = async (type) =>
  (await ask("GET", `/subscriptions/${subscription}/resources?$filter=resourceType%20eq%20'${type}'`, "2021-04-01")).value[0];
const custom = await first("Microsoft.ExtendedLocation/customLocations");
const network = await first("Microsoft.AzureStackHCI/logicalNetworks");
const image = await first("Microsoft.AzureStackHCI/marketplaceGalleryImages");
const group = custom.id.split("/")[4];
const base = `/subscriptions/${subscription}/resourceGroups/${group}/providers`;
const machine = `${base}/Microsoft.HybridCompute/machines/from-js`;
const nic = `${base}/Microsoft.AzureStackHCI/networkInterfaces/from-js-nic`;
const instance = `${machine}/providers/Microsoft.AzureStackHCI/virtualMachineInstances/default`;
const place = { type: "CustomLocation", name: custom.id };

await ask("PUT", nic, VM_API, {
  location: custom.location, extendedLocation: place,
  properties: { ipConfigurations: [{ name: "ip", properties: { subnet: { id: network.id } } }] },
});
await ended(nic);
await ask("PUT", machine, MACHINE_API, { location: custom.location, kind: "HCI", identity: { type: "SystemAssigned" } });
await ask("PUT", instance, VM_API, {
  extendedLocation: place,
  properties: {
    hardwareProfile: { vmSize: "Custom", processors: 2, memoryMB: 4096 },
    securityProfile: { securityType: "TrustedLaunch", enableTPM: true, uefiSettings: { secureBootEnabled: true } },
    osProfile: {
      computerName: "from-js", adminUsername: "stranger", adminPassword: "a-Long-pass-word-1",
      windowsConfiguration: { provisionVMAgent: true, provisionVMConfigAgent: true },
    },
    storageProfile: { imageReference: { id: image.id }, osDisk: { osType: "Windows" } },
    networkProfile: { networkInterfaces: [{ id: nic }] },
  },
});
const made = await ended(instance);
const shown = await hybrid.machines.get(group, "from-js");
await ask("DELETE", instance, VM_API);
for (let i = 0; i < 60; i++) {
  const left = await pipeline.sendRequest(http, createPipelineRequest({ url: `${endpoint}${instance}?api-version=${VM_API}`, method: "GET" }));
  if (left.status === 404) break;
  await new Promise((done) => setTimeout(done, 1000));
}
// The published client's api-version (2021-05-20) knows 200 and 204 here; today's answers 202.
await ask("DELETE", machine, MACHINE_API);
for (let i = 0; i < 60; i++) {
  const left = await pipeline.sendRequest(http, createPipelineRequest({ url: `${endpoint}${machine}?api-version=${MACHINE_API}`, method: "GET" }));
  if (left.status === 404) break;
  await new Promise((done) => setTimeout(done, 1000));
}
const after = [];
for await (const one of hybrid.machines.listBySubscription()) after.push(one.name);
console.log(JSON.stringify({
  clusters, before, after, shown: shown.name, state: made.properties.provisioningState,
  security: made.properties.securityProfile, power: made.properties.status.powerState,
}));
