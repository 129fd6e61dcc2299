terraform {
  required_version = ">= 1.3"

  required_providers {
    okta = {
      source  = "okta/okta"
      version = ">= 4.8"
    }
  }
}

# The credentials of whoever runs terraform (a super administrator, or a service app of terraform's own) come from the
# environment: OKTA_API_TOKEN, or OKTA_API_CLIENT_ID, OKTA_API_PRIVATE_KEY and OKTA_API_SCOPES.
provider "okta" {
  org_name = var.org_name
  base_url = var.base_url
}
