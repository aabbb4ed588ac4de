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
  return {
    ...inspected,
    ...(minor >= 48 && ImageManifestDescriptor && { ImageManifestDescriptor }),
    NetworkSettings: minor < 45 ? { ...NetworkSettings, Networks: networksWithOwnNames(container) } : NetworkSettings,
  }
}

/** Until 1.45, when there was a field for all names, the aliases had the short id among them. */
function networksWithOwnNames({ Id, Config, NetworkSettings }: ContainerInspect): Record<string, EndpointSettings> {
  const own = [shortId(Id), ...(Config.Hostname ? [Config.Hostname] : [])]
  const named = ([name, endpoint]: readonly [string, EndpointSettings]) =>
    [name, isPredefined(name) ? endpoint : { ...endpoint, Aliases: union(endpoint.Aliases ?? [], own) }] as const
  return Object.fromEntries(Object.entries(NetworkSettings.Networks).map(named))
}

const union = (...lists: readonly (readonly string[])[]): string[] => [...new Set(lists.flat())]
