/** What `PUT /v1/agent/service/register` takes, in Consul's field names. */
export type ServiceRegistration = {
  readonly ID?: string | undefined
  readonly Name: string
  readonly Address?: string | undefined
  readonly Port: number
  readonly Tags?: readonly string[] | undefined
  readonly Meta?: Readonly<Record<string, string>> | undefined
  readonly Weights?:
    | { readonly Passing?: number | undefined; readonly Warning?: number | undefined }
    | undefined
}
