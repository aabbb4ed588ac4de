import type { Project, Service } from '../../src/compose/project.ts'
import { type ContainerContext, containerRequest } from '../../src/compose/translate/container.ts'
import { project, service } from './projects.ts'

/** What is asked of the engine for the first container of a service `web`, beside which there is a `db`. */
export function request(given: Partial<Service>, more: Partial<ContainerContext> = {}, it: Partial<Project> = {}) {
  const own = service('web', given)
  return containerRequest({
    project: project([own, service('db')], it),
    service: own,
    name: 'demo-web-1',
    number: 1,
    imageId: 'sha256:1',
    inherits: [],
    containerOf: name => `id-of-${name}`,
    seccompProfile: path => `text of ${path}`,
    fileContents: path => Buffer.from(`text of ${path}`),
    proxies: {},
    ...more,
  })
}
