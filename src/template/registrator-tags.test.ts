import { describe, expect, it } from 'vitest'
import { checkTags, renderTags } from './registrator-tags.ts'
import { TemplateError } from './template-error.ts'

const inspect = {
  Id: 'e20f9c1a76565d62ae24a3bb877b17b862b6eab94f4e95a0e07ccf25087aaf4f',
  Created: '2024-05-06T07:08:09.120000000Z',
  Name: '/web-1',
  Image: 'sha256:abc',
  Config: {
    Hostname: 'e20f9c1a7656',
    Image: 'registry:5000/acme/web:1.4',
    Env: ['PATH=/bin', 'SERVICE_NAME=web', 'SERVICE_TAGS=a,b'],
    Cmd: null,
    Labels: { 'com.acme.zone': 'eu-1', team: 'Blue' },
    ExposedPorts: { '80/tcp': {} },
  },
  State: { Running: true, Pid: 4711, Health: null },
  NetworkSettings: {
    IPAddress: '172.17.0.5',
    Ports: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8000' }] },
    Networks: { bridge: { IPAddress: '172.17.0.5', Aliases: null } },
  },
  HostConfig: { NetworkMode: 'bridge', CpuShares: 512, Dns: ['10.0.0.1'] },
}

const noFetch = () => Promise.reject(new Error('nothing is fetched here'))
const render = (template: string, fetchText: (url: string) => Promise<string> = noFetch) =>
  renderTags(template, inspect, fetchText)

describe('what -tags templates see', () => {
  it.each([
    ['{{.ID}}', inspect.Id],
    ['{{.Name}} {{.Image}}', '/web-1 sha256:abc'],
    ['{{.Config.Image}}', 'registry:5000/acme/web:1.4'],
    ['{{.Config.Hostname}}', 'e20f9c1a7656'],
    ['{{index .Config.Labels "com.acme.zone"}}', 'eu-1'],
    ['{{.Config.Labels.team}}', 'Blue'],
    ['{{range .Config.Env}}[{{.}}]{{end}}', '[PATH=/bin][SERVICE_NAME=web][SERVICE_TAGS=a,b]'],
    ['{{.Config.Cmd}}{{len .Config.Cmd}}', '[]0'],
    ['{{.NetworkSettings.IPAddress}}', '172.17.0.5'],
    ['{{(index .NetworkSettings.Networks "bridge").IPAddress}}', '172.17.0.5'],
    ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostIP}}', '0.0.0.0'],
    ['{{range $port, $_ := .Config.ExposedPorts}}{{$port}}{{end}}', '80/tcp'],
    ['{{.HostConfig.NetworkMode}} {{.HostConfig.CPUShares}}', 'bridge 512'],
    ['{{index .HostConfig.DNS 0}}', '10.0.0.1'],
    ['{{.State.Running}} {{.State.Pid}} [{{.State.Health.Status}}]', 'true 4711 []'],
    ['{{.Created}}', '2024-05-06 07:08:09.12 +0000 UTC'],
  ])('%s', async (template, expected) => {
    expect(await render(template)).toBe(expected)
  })

  it('has no fields but those of a container', async () => {
    await expect(render('{{.Id}}')).rejects.toThrow(
      `template: tags:1:2: executing "tags" at <.Id>: can't evaluate field Id in type *docker.Container`,
    )
  })
})

describe('functions of -tags', () => {
  it.each([
    ['{{strSlice .ID 0 12}}', 'e20f9c1a7656'],
    ['{{strSlice .ID 60}}', 'af4f'],
    ['{{strSlice "abc" 2 1}} {{strSlice "abc" 4}} {{strSlice "abc"}}', 'c abc abc'],
    ['{{sIndex 1 .Config.Env}}', 'SERVICE_NAME=web'],
    ['{{sIndex -1 .Config.Env}} {{sIndex -9 .Config.Env}}', 'SERVICE_TAGS=a,b PATH=/bin'],
    ['{{sIndex 9 .Config.Env}}', 'SERVICE_TAGS=a,b'],
    ['{{mIndex "team" .Config.Labels}}[{{mIndex "nope" .Config.Labels}}]', 'Blue[]'],
    ['{{toUpper "straße"}} {{toLower "ÀB"}}', 'STRAßE àb'],
    ['{{replace 1 "a" "x" "banana"}} {{replace -1 "a" "$&" "banana"}}', 'bxnana b$&n$&n$&'],
    ['{{replace 2 "" "-" "abc"}} {{replace 0 "a" "x" "a"}}', '-a-bc a'],
    ['{{split "," "a,b,c" | join "+"}}', 'a+b+c'],
    ['{{splitIndex 1 ":" "a:b:c"}} {{splitIndex -1 "/" "x/y"}}', 'b y'],
    ['{{.Config.Image | splitIndex -1 "/" | splitIndex 0 ":"}}', 'web'],
    ['{{matchFirstElement "^SERVICE_" .Config.Env}}', 'SERVICE_NAME=web'],
    ['{{matchFirstElement "(?i)^service_t" .Config.Env | splitIndex 1 "="}}', 'a,b'],
    [
      '{{range .Config.Env | matchAllElements "^SERVICE_"}}{{splitIndex 1 "=" .}},{{end}}',
      'web,a,b,',
    ],
    ['[{{matchFirstElement "^NOPE" .Config.Env}}]', '[]'],
    [
      '{{matchAllElements "^SERVICE_" .Config.Env | join ";"}}',
      'SERVICE_NAME=web;SERVICE_TAGS=a,b',
    ],
  ])('%s', async (template, expected) => {
    expect(await render(template)).toBe(expected)
  })

  it('refuse regular expressions that Go does not have', async () => {
    await expect(render('{{matchFirstElement "(?=x)" .Config.Env}}')).rejects.toThrow(
      'error calling matchFirstElement: regexp: Compile(`(?=x)`): error parsing regexp: ' +
        'invalid or unsupported Perl syntax: `(?=`',
    )
  })

  it('refuse the element of an empty list', async () => {
    await expect(render('{{sIndex 0 .Config.Cmd}}')).rejects.toThrow(TemplateError)
  })
})

describe('httpGet', () => {
  const answers: Readonly<Record<string, string>> = {
    'http://meta/zone': '{"zone": {"name": "é-1", "racks": [1, 2]}, "port": 80}',
    'http://meta/é-1': 'found',
  }
  const asked: string[] = []
  const fetchText = (url: string): Promise<string> => {
    asked.push(url)
    return Promise.resolve(answers[url] ?? '')
  }

  it('gives what is at a URL, as bytes, and asks once', async () => {
    const template =
      '{{$zone := httpGet "http://meta/zone"}}{{jsonParse $zone "zone::name"}} ' +
      '{{jsonParse $zone "port"}} {{jsonParse $zone "zone::racks"}} [{{jsonParse $zone "zone::nope"}}]' +
      '{{httpGet "http://meta/zone" | len}}'
    asked.length = 0
    expect(await render(template, fetchText)).toBe('é-1 80 [1,2] []55')
    expect(asked).toEqual(['http://meta/zone'])
  })

  it('gives what is at a URL that another answer named', async () => {
    const template =
      '{{$name := jsonParse (httpGet "http://meta/zone") "zone::name"}}' +
      '{{printf "%s" (httpGet (printf "http://meta/%s" $name))}}'
    expect(await render(template, fetchText)).toBe('found')
  })

  it('gives nothing for a request that fails, and nothing is read from it', async () => {
    expect(await render('[{{jsonParse (httpGet "http://meta/gone") "a"}}]', fetchText)).toBe('[]')
  })

  it('does not fail for an answer that is not there yet', async () => {
    const template =
      '{{$name := jsonParse (httpGet "http://meta/zone") "zone::name"}}{{slice $name 0 2}}'
    expect(await render(template, fetchText)).toBe('é')
  })

  it('gives up on a template that never stops asking', async () => {
    let count = 0
    const counting = () => Promise.resolve(String(count++))
    const template =
      '{{$u := "http://meta/0"}}{{range 20}}{{$u = printf "http://meta/%s%d" (httpGet $u) .}}{{end}}'
    await expect(render(template, counting)).rejects.toThrow(TemplateError)
  })
})

describe('checkTags', () => {
  it('takes a template and refuses what is none', () => {
    expect(() => checkTags('{{toUpper .Name}},x')).not.toThrow()
    expect(() => checkTags('{{upper .Name}}')).toThrow(
      'template: tags:1: function "upper" not defined',
    )
  })
})
