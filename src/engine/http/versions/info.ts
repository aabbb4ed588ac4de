import type { SystemInfo } from '../../api.ts'

/** `GET /info` as clients know it that speak an older version of the API. @param minor of the version */
export function infoFor(minor: number, info: SystemInfo): object {
  const { FirewallBackend, BridgeNfIptables, BridgeNfIp6tables, RegistryConfig, ...common } = info
  const ofForeignLayers = { AllowNondistributableArtifactsCIDRs: null, AllowNondistributableArtifactsHostnames: null }
  return {
    ...common,
    RegistryConfig: minor < 49 ? { ...ofForeignLayers, ...RegistryConfig } : RegistryConfig,
    ...(minor >= 49 && { FirewallBackend }),
    ...(minor < 50 && { BridgeNfIptables, BridgeNfIp6tables }),
  }
}
