# The Okta half of okta-lineworks: access for the service (read only), and the event hook.

locals {
  jwk = jsondecode(file(var.public_jwk_file))
}

# An API service app. It shows who it is with its private key, which stays in a file of the service: Okta gets the public
# key alone.
resource "okta_app_oauth" "service" {
  label                      = "okta-lineworks"
  type                       = "service"
  grant_types                = ["client_credentials"]
  response_types             = ["token"]
  token_endpoint_auth_method = "private_key_jwt"
  omit_secret                = true

  jwks {
    kty = local.jwk.kty
    kid = local.jwk.kid
    n   = try(local.jwk.n, null)
    e   = try(local.jwk.e, null)
    x   = try(local.jwk.x, null)
    y   = try(local.jwk.y, null)
  }

  lifecycle {
    precondition {
      condition     = !contains(keys(local.jwk), "d")
      error_message = "This file holds a PRIVATE key. Give the public one: okta-lineworks okta-key show FILE prints it."
    }
  }
}

# The first of the two grants: what the app may ask for.
resource "okta_app_oauth_api_scope" "service" {
  app_id = okta_app_oauth.service.id
  issuer = "https://${var.org_name}.${var.base_url}"
  scopes = var.scopes
}

# The second, which is easily forgotten: without an administrator role every request is answered with 403.
resource "okta_app_oauth_role_assignment" "service" {
  client_id = okta_app_oauth.service.client_id
  type      = var.admin_role
}

# The event hook. One that Okta has not verified gets nothing.
resource "okta_event_hook" "events" {
  count = var.create_hook ? 1 : 0

  name   = "okta-lineworks"
  events = var.events

  channel = {
    type    = "HTTP"
    version = "1.0.0"
    uri     = "${var.service_url}/v1/okta/events"
  }

  auth = {
    type  = "HEADER"
    key   = var.hook_header
    value = var.hook_secret
  }

  lifecycle {
    precondition {
      condition     = var.hook_secret != null
      error_message = "Give hook_secret (TF_VAR_hook_secret), or set create_hook = false."
    }
  }
}

# Okta asks the service one question; it must be running, with this secret in inbound.hook_secrets and with okta.app_id.
resource "okta_event_hook_verification" "events" {
  count = var.create_hook ? 1 : 0

  event_hook_id = okta_event_hook.events[0].id

  lifecycle {
    # Another address, header or secret makes the hook unverified again.
    replace_triggered_by = [okta_event_hook.events[0].channel, okta_event_hook.events[0].auth]
  }
}
