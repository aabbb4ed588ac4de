import type { Engine } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { readContents } from '../contents.ts'
import { missingFiles } from '../missing-files.ts'
import { imageKey, imageName } from '../names.ts'
import type { Observed } from '../plan/observed.ts'
import type { ContainerRef, CreateContainer, Step } from '../plan/plan.ts'
import type { Project, Service } from '../project.ts'
import { containerRequest } from '../translate/container.ts'
import { endpoint } from '../translate/endpoints.ts'
import { hashLabels } from '../translate/labels.ts'
import { exposedPorts, portBindings } from '../translate/ports.ts'
import { networkRequest, volumeRequest } from '../translate/resources.ts'
import { ignoring } from './ignoring.ts'

export interface CreationsContext {
  readonly engine: Engine
  readonly observed: Observed
  /** Absent for commands on a project whose file was not read: they create nothing and know no hooks. */
  readonly project?: Project
  readonly warn: (message: string) => void
}

/** Makes what a project consists of, as the file says it. Knows the ids of the containers it has made. */
export class Creations {
  readonly #context: CreationsContext
  /** By final name. */
  readonly #created = new Map<string, string>()
  readonly #firstOf = new Map<string, string>()

  constructor(context: CreationsContext) {
    this.#context = context
  }

  get project(): Project {
    const { project } = this.#context
    if (!project) throw new Error('a plan that creates something needs the project')
    return project
  }

  service(name: string): Service {
    const service = this.project.services[name]
    if (!service) throw new Error(`the plan names service "${name}", which the project does not have`)
    return service
  }

  /** The id of a container that a step names. */
  idOf({ id, name }: ContainerRef): string {
    return id ?? this.#created.get(name) ?? name
  }

  /** The container of another service whose namespaces or volumes a container uses: its first. */
  readonly containerOf = (service: string): string => {
    const existing = this.#context.observed.containers.find(
      container => container.service === service && !container.oneOff,
    )
    const id = this.#firstOf.get(service) ?? existing?.id
    if (id === undefined)
      throw new TscomposeError('COMPOSE_NO_CONTAINER', `service "${service}", which is to be shared, has no container`)
    return id
  }

  async network(key: string): Promise<void> {
    const network = this.project.networks[key]
    // Two commands may make it at the same time.
    if (network)
      await ignoring(['ENGINE_NETWORK_EXISTS'], async () => {
        await this.#context.engine.networkCreate(networkRequest(this.project, network))
      })
  }

  async volume(key: string): Promise<void> {
    const volume = this.project.volumes[key]
    if (volume) await this.#context.engine.volumeCreate(volumeRequest(this.project, volume))
  }

  async container({ service: serviceName, number, name, replaces, inherits }: CreateContainer): Promise<void> {
    const { engine, warn } = this.#context
    const service = this.service(serviceName)
    const contents = readContents(this.project, service)
    for (const warning of missingFiles(service)) warn(`service "${serviceName}": ${warning}`)
    const request = containerRequest({
      project: this.project,
      service,
      name,
      number,
      inherits,
      imageId: this.imageId(service),
      containerOf: this.containerOf,
      ...contents,
      ...(replaces && { replaces: name }),
    })
    const temporary = replaces ? `${replaces.id.slice(0, 12)}_${name}` : name
    const { Id, Warnings } = await engine.containerCreate(temporary, request, service.platform)
    for (const warning of Warnings) warn(`${name}: ${warning}`)
    this.#created.set(name, Id)
    if (!this.#firstOf.has(serviceName)) this.#firstOf.set(serviceName, Id)
  }

  /** The id of an image that a service has, or of its own; empty where it is not here. */
  imageId(service: Service, image = imageName(this.project, service)): string {
    return this.#context.observed.images[imageKey(image, service)]?.id ?? ''
  }

  async connection({ name, key, container }: Extract<Step, { op: 'connectNetwork' }>): Promise<void> {
    const service = this.service(container.service)
    const settings = endpoint(
      { project: this.project, service, name: container.name, containerOf: this.containerOf },
      key,
      { main: Object.keys(service.networks).length === 1 },
    )
    await this.#context.engine.networkConnect(name, this.idOf(container), settings)
  }

  /** Other ports for a container that stays. */
  async ports(container: ContainerRef): Promise<void> {
    const service = this.service(container.service)
    const Publish = {
      PortBindings: portBindings(service),
      ExposedPorts: exposedPorts(service),
      Labels: hashLabels(service),
    }
    await this.#context.engine.containerUpdate(this.idOf(container), { Publish })
  }
}
