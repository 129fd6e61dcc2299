variable "org_name" {
  description = "The org: the part of its address before the base URL, such as example."
  type        = string
}

variable "base_url" {
  description = "The rest of the org's address: okta.com, oktapreview.com or okta-emea.com."
  type        = string
  default     = "okta.com"
}

variable "app_id" {
  description = "The id of the LINE WORKS app in Okta (0oa…): whoever is assigned to it gets an account."
  type        = string

  validation {
    condition     = can(regex("^0oa[0-9A-Za-z]+$", var.app_id))
    error_message = "Write the app's id: the part of its address in the Admin Console that starts with 0oa."
  }
}

variable "service_url" {
  description = "The public address of okta-lineworks, such as https://lineworks.example.com, without a slash at its end."
  type        = string

  validation {
    condition     = can(regex("^https://[^/]+$", var.service_url))
    error_message = "Write https:// and the host, nothing after it. Okta calls https addresses only."
  }
}

variable "public_jwk_file" {
  description = "The file with the public key that `okta-lineworks okta-key new` printed."
  type        = string
  default     = "okta-key.json"
}

variable "hook_secret" {
  description = "The secret of inbound.hook_secrets. Terraform keeps it in its state."
  type        = string
  sensitive   = true
  default     = null

  validation {
    condition     = var.hook_secret == null ? true : length(var.hook_secret) >= 16
    error_message = "A secret has at least 16 characters; openssl rand -hex 32 makes one."
  }
}

variable "create_hook" {
  description = "Make the event hook. It needs hook_secret, and the service must answer at service_url while it is verified."
  type        = bool
  default     = true
}

variable "hook_header" {
  description = "The header the hook sends its secret in: inbound.hook_header."
  type        = string
  default     = "Authorization"
}

variable "events" {
  description = "The events the hook sends. The first two are enough without access to Okta's API; the others need it."
  type        = set(string)
  default = [
    "application.user_membership.add",
    "application.user_membership.remove",
    "application.user_membership.update",
    "user.lifecycle.suspend",
    "user.lifecycle.unsuspend",
    "user.lifecycle.activate",
    "user.lifecycle.reactivate",
    "user.lifecycle.deactivate",
    "user.lifecycle.delete.initiated",
    "user.account.update_profile",
    "group.application_assignment.add",
    "group.application_assignment.remove",
    "group.application_assignment.update",
    "application.lifecycle.activate",
    "application.lifecycle.deactivate",
    "application.lifecycle.delete",
  ]
}

variable "scopes" {
  description = "What the service may ask Okta for: okta.scope. All of them read only."
  type        = set(string)
  default     = ["okta.apps.read", "okta.users.read", "okta.logs.read"]
}

variable "admin_role" {
  description = "The administrator role of the service app, without which its scopes are worth nothing."
  type        = string
  default     = "READ_ONLY_ADMIN"
}
