import type { ContainerInspect, ContainerSummary, EndpointSettings } from '../../api.ts'
import { shortId } from '../../ids.ts'
import { isPredefined } from '../../network/record.ts'

/** Containers as clients know them that speak an older version of the API. @param minor of the version */

export function containerSummaryFor(minor: number, container: ContainerSummary): object {
  const { ImageManifestDescriptor, HostConfig, ...summary } = container
  return {
    ...summary,
    HostConfig: minor < 46 ? { NetworkMode: HostConfig.NetworkMode } : HostConfig,
    ...(minor >= 48 && ImageManifestDescriptor && { ImageManifestDescriptor }),
  }
}

export function containerInspectFor(minor: number, container: ContainerInspect): object {
  const { ImageManifestDescriptor, NetworkSettings, ...inspected } = container
  const withIds = ([name, endpoint]: readonly [string, EndpointSettings]) =>
    [name, isPredefined(name) ? endpoint : withOwnNames(container, endpoint)] as const
  const Networks = Object.fromEntries(Object.entries(NetworkSettings.Networks).map(withIds))
  return {
    ...inspected,
    ...(minor >= 48 && ImageManifestDescriptor && { ImageManifestDescriptor }),
    NetworkSettings: minor < 45 ? { ...NetworkSettings, Networks } : NetworkSettings,
  }
}

/** Until 1.45, when there was a field for all names, the aliases had the short id among them. */
const withOwnNames = ({ Id, Config }: ContainerInspect, endpoint: EndpointSettings): EndpointSettings => ({
  ...endpoint,
  Aliases: [...new Set([...(endpoint.Aliases ?? []), shortId(Id), ...(Config.Hostname ? [Config.Hostname] : [])])],
})
