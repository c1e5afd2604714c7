"""Services, routes and policies that lead nowhere."""
