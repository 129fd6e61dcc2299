output "configuration" {
  description = "The lines for the section [okta] of okta-lineworks.toml."
  value       = <<-TOML
    [okta]
    app_id = "${var.app_id}"
    org_url = "https://${var.org_name}.${var.base_url}"
    client_id = "${okta_app_oauth.service.client_id}"
    private_key = { file = "/etc/okta-lineworks/secrets/okta-key.pem" }
    key_id = "${local.jwk.kid}"
    scope = "${join(" ", sort(tolist(var.scopes)))}"
  TOML
}

output "hook_id" {
  description = "The event hook, as deliveries name it in their source."
  value       = var.create_hook ? okta_event_hook.events[0].id : null
}
