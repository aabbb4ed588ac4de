import type { Filters, Labels } from './common.ts'

export interface VolumeCreateRequest {
  Name?: string
  Driver?: string
  DriverOpts?: Labels
  Labels?: Labels
}

export interface Volume {
  Name: string
  Driver: string
  Mountpoint: string
  CreatedAt: string
  Labels: Labels
  Scope: 'local'
  Options: Labels | null
  UsageData?: { Size: number; RefCount: number }
}

export interface VolumePruneResponse {
  VolumesDeleted: string[]
  /** bytes */
  SpaceReclaimed: number
}

export interface VolumeOperations {
  volumeList(options?: { filters?: Filters }): Promise<{ Volumes: Volume[]; Warnings: string[] }>
  volumeInspect(name: string): Promise<Volume>
  volumeCreate(request: VolumeCreateRequest): Promise<Volume>
  volumePrune(options?: { filters?: Filters }): Promise<VolumePruneResponse>
  volumeDelete(name: string, options?: { force?: boolean }): Promise<void>
}
