// Generated from docs/openapi.json by `npm run api`. Do not edit.

export interface paths {
    "/api/v1/auth/entry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says how one gets in. */
        get: operations["show_entry"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/signup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an account, its first organization and a session.
         * @description While there is no user, a server that is open to others or closed to signups asks for the setup token that it printed when it started.
         */
        post: operations["sign_up"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a session. */
        post: operations["log_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session. */
        post: operations["log_out"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The own account. */
        get: operations["show_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes the own account. A new password ends all other sessions. */
        patch: operations["change_me"];
        trace?: never;
    };
    "/api/v1/me/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where one is logged in, the oldest first. */
        get: operations["list_sessions"];
        put?: never;
        post?: never;
        /** Ends all sessions but the one that asks. Sockets that they opened end within a second. */
        delete: operations["end_other_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a session, which may be the one that asks. Sockets that it opened end within a second. */
        delete: operations["end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/api-tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The own API tokens, those that have ended among them, the oldest first. */
        get: operations["list_api_tokens"];
        put?: never;
        /** Makes an API token. It is shown in the answer, once. */
        post: operations["create_api_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/api-tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends an API token. Sockets that it opened end within a second. */
        delete: operations["delete_api_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The organizations that one is a member of. */
        get: operations["list_organizations"];
        put?: never;
        /** Makes an organization, which is the own. */
        post: operations["create_organization"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An organization. */
        get: operations["show_organization"];
        put?: never;
        post?: never;
        /**
         * Removes an organization with its projects, devices, dashboards and audit log.
         * @description It is gone at once, for everybody. Its flows stay with their owners and are stopped; its readings stay until their time is over.
         */
        delete: operations["delete_organization"];
        options?: never;
        head?: never;
        /**
         * Changes an organization.
         * @description The devices of one that is not in use (`is_active` false) are refused and their sockets closed. Its members read on, and its admins change on.
         */
        patch: operations["change_organization"];
        trace?: never;
    };
    "/api/v1/organizations/{id}/owner": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Hands an organization over to a member, who becomes an admin too. Who owned it stays an admin. */
        post: operations["hand_over_organization"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{id}/fleet": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How an organization's devices and flows are, and how much they do.
         * @description Its own alone: what others send or run is in none of the numbers. Those of the last hour begin with the server.
         */
        get: operations["show_fleet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened to an organization's devices, the newest first. That of devices that were deleted is there for its admins. */
        get: operations["list_device_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who belongs to an organization. */
        get: operations["list_members"];
        put?: never;
        /** Makes somebody who has an account a member. */
        post: operations["add_member"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{id}/members/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A member. */
        get: operations["show_member"];
        put?: never;
        post?: never;
        /**
         * Removes a member.
         * @description Everybody may remove themselves, nobody the owner. Their flows in the organization's projects go to its owner; what else they run on its devices is stopped.
         */
        delete: operations["remove_member"];
        options?: never;
        head?: never;
        /** Changes what a member was made. The owner stays an admin. */
        patch: operations["change_member"];
        trace?: never;
    };
    "/api/v1/organizations/{id}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was changed in an organization and by whom, the newest first. */
        get: operations["organization_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was changed in the own account, or by oneself outside of any organization, and by whom, the newest first. */
        get: operations["my_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Projects. */
        get: operations["list_projects"];
        put?: never;
        /** Makes a project. */
        post: operations["create_project"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A project. */
        get: operations["show_project"];
        put?: never;
        post?: never;
        /** Removes a project. What was in it stays: devices and dashboards in the organization, flows with their owners alone. */
        delete: operations["remove_project"];
        options?: never;
        head?: never;
        /** Changes a project. */
        patch: operations["change_project"];
        trace?: never;
    };
    "/api/v1/projects/{id}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The devices of a project. */
        get: operations["list_project_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{id}/devices/{device}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Puts a device into a project of its organization. One that is in it stays so. */
        put: operations["add_project_device"];
        post?: never;
        /** Takes a device out of a project. The device stays. */
        delete: operations["remove_project_device"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Devices. */
        get: operations["list_devices"];
        put?: never;
        /** Makes a device. Its token is in the answer, and never again. */
        post: operations["create_device"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A device. */
        get: operations["show_device"];
        put?: never;
        post?: never;
        /** Removes a device and its tokens, and closes its socket. Its readings stay. */
        delete: operations["remove_device"];
        options?: never;
        head?: never;
        /** Changes a device. Switching it off closes its socket at once. */
        patch: operations["change_device"];
        trace?: never;
    };
    "/api/v1/devices/{id}/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a device a new token, which is in the answer and never again. */
        post: operations["rotate_device_token"];
        /** Takes a device's tokens away and closes its socket. Until it is given a new one it cannot connect. */
        delete: operations["revoke_device_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened to a device, the newest first. That of one that was deleted is there for the organization's admins. */
        get: operations["list_device_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes many devices: CSV with a header, or a JSON object per line, each with the fields of a new device.
         * @description The answer has a line of JSON for each, in their order: what was made, with its token, or the problem. One that cannot be made does
         *     not keep the others from it.
         */
        post: operations["create_devices"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Does one thing to many devices: switches them on or off, puts them into a project or takes them out of it, or removes them.
         * @description The answer has a line of JSON for each, in their order, as if it had been asked for alone; one to whom it cannot be done does not keep
         *     the others from it. An API token needs the scope `write` too where a project is changed.
         */
        post: operations["act_on_devices"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/readings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Readings of a device by event time. */
        get: operations["list_readings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/readings/latest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest reading of each sensor of a device, whole. */
        get: operations["latest_readings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/readings/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Readings in buckets over time.
         * @description Of which series: `series`, or `device` with or without `sensor`. How they are cut: `bucket`, or `points` for as many of one length.
         */
        get: operations["bucket_readings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/readings/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Readings as a file.
         * @description Everything in the range that is durable when it begins, device by device, by event time. A file whose connection is cut is not whole:
         *     so is that of a reader who is no member any more. A user exports one file at a time.
         */
        get: operations["export_readings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/readings/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Readings from a file, with an answer per refused line.
         * @description CSV whose first line names the columns, or a JSON object per line; fields as an export has them, of which `device_id`, `unit`,
         *     `received_at` and `raw_data` may be absent. An admin of each device's organization may. With `import`, a file that is sent again
         *     after a failure is stored once, and what was refused stays refused. A user imports one file at a time.
         */
        post: operations["import_readings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/sensors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a device measures, whole. */
        get: operations["list_sensors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Flows, without their diagrams, and how they are. */
        get: operations["list_flows"];
        put?: never;
        /** Makes a flow: the own, and in a project its organization's members read it. */
        post: operations["create_flow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A flow with its diagram. */
        get: operations["show_flow"];
        /** Saves a whole flow. What runs runs on as it was deployed. */
        put: operations["replace_flow"];
        post?: never;
        /** Stops a flow and removes it. */
        delete: operations["remove_flow"];
        options?: never;
        head?: never;
        /** Saves parts of a flow. What runs runs on as it was deployed. */
        patch: operations["change_flow"];
        trace?: never;
    };
    "/api/v1/flows/{id}/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Checks a drawing that need not be saved, or a version that was deployed; what is absent is taken from what is saved. */
        post: operations["validate_flow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/deploy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Runs the draft as it is saved, or a version that was deployed before, in place of what runs.
         * @description A version is what was deployed under its number for the first time, and never changes. The draft stays as it is. A version whose nodes remember in
         *     another way than those of what runs warms up first, up to ten minutes; what runs runs on until then. `GET /flows/{id}/metrics` says how far it is,
         *     and stopping the flow ends it (`409`, `deployment_cancelled`).
         */
        post: operations["deploy_flow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the flow; one that does not run stays so. */
        post: operations["stop_flow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How a flow runs, and what its nodes count. */
        get: operations["flow_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/nodes/{node}/output": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The newest records of a node, whole.
         * @description Asking is what makes the node keep them, for a quarter of an hour.
         */
        get: operations["node_output"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The versions of a flow that were deployed, the newest first, without their diagrams. */
        get: operations["list_flow_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A version of a flow, with its diagram. */
        get: operations["show_flow_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/executions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The runs of a flow, the newest first. A deployment is one until it is replaced, stopped or fails. */
        get: operations["list_executions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/executions/{eid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A run of a flow. While it runs over stored readings, its result says how many it has met, and up to which event time. */
        get: operations["show_execution"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/executions/{eid}/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the nodes did in a run of their flow, the newest first.
         * @description Of a run that came to an end there is one entry a node. Of a deployment there is one for each minute in which a node did something, and
         *     samples of single records: of those that it could not handle, and of those that it put out while somebody watched it.
         */
        get: operations["list_node_executions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The records that a flow could not handle, the newest first. */
        get: operations["list_dead_letters"];
        put?: never;
        post?: never;
        /** Removes all dead letters of a flow. */
        delete: operations["remove_dead_letters"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a flow stores, by name, device and sensor, each series with its newest row. */
        get: operations["list_flow_series"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/series/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Rows of a series that a flow stored, by event time. */
        get: operations["list_flow_rows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/series/buckets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a flow stored, in buckets over time.
         * @description Of all its series, or those that fit. How they are cut: `bucket`, or `points` for as many of one length.
         */
        get: operations["bucket_flow_rows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Runs the draft, a version or a drawing that is not saved: once, or over stored readings.
         * @description Nothing of it reaches the world: what nodes would have put out is recorded with the execution. Over stored readings it is on its way when this is
         *     answered; ask for the execution until it has ended.
         */
        post: operations["run_flow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/executions/{eid}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a run over stored readings before its time. One that has ended stays as it is. */
        post: operations["stop_execution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/node-types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The kinds of nodes with the JSON Schemas of their configurations, whole. */
        get: operations["list_node_types"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard-templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Dashboards, without their drawings. */
        get: operations["list_dashboards"];
        put?: never;
        /** Makes a dashboard. */
        post: operations["create_dashboard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A dashboard with its drawing. */
        get: operations["show_dashboard"];
        /** Saves a dashboard in place of all it was: what is absent is as in a new one. Its organization cannot be changed. */
        put: operations["replace_dashboard"];
        post?: never;
        /** Removes a dashboard and its widgets. */
        delete: operations["remove_dashboard"];
        options?: never;
        head?: never;
        /** Saves parts of a dashboard. */
        patch: operations["change_dashboard"];
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}/whole": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Saves a dashboard and all its widgets, in place of all they were: done whole or not at all, as one version.
         * @description A widget with an `id` is changed to be as it is said; one without is the one that has its `widget_id`, or a new one; widgets that are not named are
         *     removed. Who saves must be allowed to read each source that its widget did not have before.
         */
        put: operations["replace_whole_dashboard"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}/permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whom a dashboard is shared with beyond their role. */
        get: operations["list_permissions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}/permissions/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What one member has been given on a dashboard. */
        get: operations["show_permission"];
        /** Shares a dashboard with a member of its organization. */
        put: operations["set_permission"];
        post?: never;
        /** Ends the sharing of a dashboard with a member. The member may, too. */
        delete: operations["remove_permission"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}/share-links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The share links of a dashboard, whole, the oldest first; those that have ended among them, until another is made. */
        get: operations["list_share_links"];
        put?: never;
        /** Makes a share link: whoever has its token sees the dashboard, as far as its creator may read it, and changes nothing. The token is shown in the answer, once. */
        post: operations["create_share_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}/share-links/{link}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a share link. What is watched by it ends within a second. */
        delete: operations["delete_share_link"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}/widgets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The widgets of a dashboard, whole. */
        get: operations["list_widgets"];
        put?: never;
        /** Makes a widget. Who makes it must be allowed to read its source. */
        post: operations["create_widget"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}/widgets/{widget}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A widget. */
        get: operations["show_widget"];
        put?: never;
        post?: never;
        /** Removes a widget. */
        delete: operations["remove_widget"];
        options?: never;
        head?: never;
        /** Changes a widget. A source is changed whole; who changes it must be allowed to read the new one. */
        patch: operations["change_widget"];
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}/widgets/{widget}/samples": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A widget's newest samples, oldest first: at most its `max_samples`, whole. */
        get: operations["list_widget_samples"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}/widgets/{widget}/data": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A widget's newest value, and what the values of its refresh interval come to. */
        get: operations["show_widget_data"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard-templates/{id}/widgets/{widget}/tracked-variables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a widget keeps of devices' sensors: one variable if its source is one, whole. */
        get: operations["list_tracked_variables"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/live/{widget}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A widget as server-sent events, for networks that let no WebSocket through.
         * @description Events `snap`, `upd`, `err` and `bye` with the frames of the live socket, whose `id` is 0. The id of `snap` and `upd` is their place, `epoch:offset`; a
         *     browser that comes back sends it in `Last-Event-ID`, and the stream goes on from there. A comment comes every 15 s. Behind `err` and `bye` the stream ends.
         */
        get: operations["watch_widget"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/live/{widget}/poll": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is new of a widget, for networks that let neither a WebSocket nor a stream through.
         * @description Without a place it is answered at once, with a snapshot. With the `epoch` and `offset` of the answer before it is answered as soon as there is something
         *     new, with all that came since (`recovered` of a `snap` is true), but no sooner after the values before than `max_hz` says; if that is not known any more, with a fresh snapshot (`recovered` is false). `bye` says that the server goes
         *     down, and after how many milliseconds to go on.
         */
        get: operations["poll_widget"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared/widgets/{widget}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A widget of a share link's dashboard as server-sent events, for networks that let no WebSocket through.
         * @description What `/live/{widget}/events` sends, to whoever has the link. A browser's `EventSource` sets no header: it has the token in the address.
         */
        get: operations["watch_shared_widget"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared/widgets/{widget}/poll": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is new of a widget of a share link's dashboard, for networks that let neither a WebSocket nor a stream through.
         * @description What `/live/{widget}/poll` answers, to whoever has the link.
         */
        get: operations["poll_shared_widget"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The dashboard of a share link, and what is fed on it. */
        get: operations["show_shared"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared/widgets/{widget}/samples": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest samples of a widget of a share link's dashboard, oldest first: at most its `max_samples`, whole. */
        get: operations["list_shared_samples"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared/widgets/{widget}/data": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest value of a widget of a share link's dashboard, and what the values of its refresh interval come to. */
        get: operations["show_shared_data"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers. */
        get: operations["alive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The server can work.
         * @description The catalog answers, the log commits what waits in it, and the cells get done what is committed.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything that is counted, in the text format of Prometheus. */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description What becomes of several values where one is shown.
         * @enum {string}
         */
        Aggregation: "last" | "avg" | "sum" | "count" | "min" | "max";
        /** @description An API token as its owner sees it. The token itself is shown once, when it is made. */
        ApiToken: {
            /** @description Its id. */
            id: components["schemas"]["TokenId"];
            /** @description Whose it is. */
            user_id: components["schemas"]["UserId"];
            /** @description What its owner calls it. */
            name: string;
            /** @description What it may be used for. */
            scopes: components["schemas"]["Scope"][];
            organization_id: components["schemas"]["OrganizationId"] | null;
            /** @description The token's first characters, to tell tokens apart by. */
            token_prefix: string;
            expires_at: components["schemas"]["Timestamp"] | null;
            last_used_at: components["schemas"]["Timestamp"] | null;
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
        };
        /** @description Body of a new API token. */
        ApiTokenInput: {
            /** @description What to call it. */
            name: components["schemas"]["Name"];
            /** @description What it may be used for: at least one. */
            scopes: components["schemas"]["Scope"][];
            organization_id?: components["schemas"]["OrganizationId"] | null;
            expires_at?: components["schemas"]["Timestamp"] | null;
        };
        /**
         * @description What can be done, by kind of thing. A name here is what is stored: none is ever changed.
         * @enum {string}
         */
        AuditAction: "user.signed_up" | "user.updated" | "user.password_changed" | "user.plan_set" | "user.disabled" | "user.enabled" | "session.started" | "session.ended" | "session.others_ended" | "api_token.created" | "api_token.deleted" | "organization.created" | "organization.updated" | "organization.handed_over" | "organization.deleted" | "member.added" | "member.updated" | "member.removed" | "project.created" | "project.updated" | "project.deleted" | "project.device_added" | "project.device_removed" | "device.created" | "device.updated" | "device.token_rotated" | "device.token_revoked" | "device.deleted" | "flow.created" | "flow.updated" | "flow.deployed" | "flow.stopped" | "flow.deleted" | "flow.dead_letters_deleted" | "dashboard.created" | "dashboard.updated" | "dashboard.deleted" | "dashboard.shared" | "dashboard.unshared" | "share_link.created" | "share_link.deleted" | "widget.created" | "widget.updated" | "widget.deleted";
        /** @description A change that somebody made. */
        AuditEntry: {
            /** @description Its id; later ones are greater. */
            id: components["schemas"]["AuditId"];
            organization_id: components["schemas"]["OrganizationId"] | null;
            actor_id: components["schemas"]["UserId"] | null;
            /** @description The address of who made it; none for the operator. */
            actor_email: string | null;
            /** @description What was done. */
            action: components["schemas"]["AuditAction"];
            /** @description The kind of thing it was done to: the first part of the action's name. */
            target_kind: string;
            /**
             * Format: uuid
             * @description The id of the thing it was done to.
             */
            target_id: string;
            /** @description What else is to be known, such as names and which fields were changed. Never a secret. */
            details: {
                [key: string]: unknown;
            };
            /** @description When. */
            at: components["schemas"]["Timestamp"];
        };
        /** Format: uuid */
        AuditId: string;
        /** @description Buckets of some series. */
        Buckets: {
            /** @description Event time from here on. */
            from: components["schemas"]["Timestamp"];
            /** @description Event time before this. */
            to: components["schemas"]["Timestamp"];
            /** @description Length of a bucket, where it follows the calendar and the clock. */
            bucket: string | null;
            /**
             * Format: int64
             * @description Milliseconds of a bucket, where all have as many and begin with the range.
             */
            width_ms: number | null;
            /** @description The time zone that buckets follow. */
            tz: string | null;
            /** @description The series, in the order asked for. */
            series: components["schemas"]["SeriesBuckets"][];
        };
        /** @description What became of a line. */
        BulkAnswer: components["schemas"]["BulkCreated"] | components["schemas"]["BulkRefused"];
        /** @description A device that a line made. */
        BulkCreated: {
            /**
             * Format: int64
             * @description The line.
             */
            line: number;
            /**
             * Format: int32
             * @description 201.
             */
            status: number;
            /** @description The device. */
            device: components["schemas"]["Device"];
            /** @description What it opens its socket with. It is shown here, and never again. */
            token: string;
        };
        /** @description Why a line made none. */
        BulkRefused: components["schemas"]["Problem"] & {
            /**
             * Format: int64
             * @description The line.
             */
            line: number;
        };
        /** @description A moment of a cell. */
        CellStatus: {
            /** @description Its number. */
            index: number;
            /** @description Flows on it. */
            flows: number;
            /**
             * Format: int64
             * @description Every reading before it is done.
             */
            frontier: number;
            /**
             * Format: int64
             * @description Readings that are committed and not done.
             */
            lag: number;
            /**
             * Format: int64
             * @description Seconds since the newest that is done was received, while more waits; 0 if that is no more than the clock of flows may be behind.
             */
            lag_s: number;
            /**
             * Format: int64
             * @description Times that its thread was replaced.
             */
            replaced: number;
            /**
             * Format: int64
             * @description Readings that it never saw: because the log no longer had them, or because they condemned it.
             */
            skipped: number;
            /**
             * Format: int64
             * @description Seconds for which it has had readings to do and has finished none, and what its flows made did not wait to be stored.
             */
            still_s: number;
            /** @description Its thread has ended, and is about to be replaced. */
            condemned: boolean;
        };
        /**
         * @description What a run over stored readings is compared with.
         * @enum {string}
         */
        CompareWith: "deployed";
        /** @description A new API token. */
        CreatedApiToken: {
            /** @description It. */
            api_token: components["schemas"]["ApiToken"];
            /** @description What a program shows in `Authorization: Bearer`. It is shown here, and never again. */
            token: string;
        };
        /** @description A new device. */
        CreatedDevice: {
            /** @description It. */
            device: components["schemas"]["Device"];
            /** @description What it opens its socket with. It is shown here, and never again. */
            token: string;
        };
        /** @description A new share link. */
        CreatedShareLink: {
            /** @description It. */
            share_link: components["schemas"]["ShareLink"];
            /** @description What is shown in `Authorization: Bearer` to see the dashboard. It is shown here, and never again. */
            token: string;
        };
        /** Format: uuid */
        DashboardId: string;
        /** @description Body of a new dashboard template. */
        DashboardInput: {
            project_id?: components["schemas"]["ProjectId"] | null;
            /** @description New name. */
            name: components["schemas"]["Name"];
            /** @description New description. */
            description?: components["schemas"]["Description"];
            /** @description New layout. */
            layout?: {
                [key: string]: unknown;
            };
            /** @description New drawing. */
            widgets?: components["schemas"]["Drawing"];
            /** @description New datasources. */
            datasources?: components["schemas"]["Drawing"];
            /**
             * Format: int32
             * @description New seconds between refreshes.
             */
            update_frequency?: number;
            /** @description New flow configuration. */
            flow_config?: {
                [key: string]: unknown;
            };
            /** @description Whether it is in use. */
            is_active?: boolean;
            organization_id: components["schemas"]["OrganizationId"];
        };
        /** @description Body of a change to a dashboard template. What is absent stays. */
        DashboardPatch: {
            project_id?: components["schemas"]["ProjectId"] | null;
            /** @description New name. */
            name?: components["schemas"]["Name"];
            /** @description New description. */
            description?: components["schemas"]["Description"];
            /** @description New layout. */
            layout?: {
                [key: string]: unknown;
            };
            /** @description New drawing. */
            widgets?: components["schemas"]["Drawing"];
            /** @description New datasources. */
            datasources?: components["schemas"]["Drawing"];
            /**
             * Format: int32
             * @description New seconds between refreshes.
             */
            update_frequency?: number;
            /** @description New flow configuration. */
            flow_config?: {
                [key: string]: unknown;
            };
            /** @description Whether it is in use. */
            is_active?: boolean;
        };
        /** @description A dashboard template as lists show it: without the drawing, so that a page stays small. */
        DashboardSummary: {
            /** @description Its id. */
            id: components["schemas"]["DashboardId"];
            /** @description Its tenant. */
            organization_id: components["schemas"]["OrganizationId"];
            project_id: components["schemas"]["ProjectId"] | null;
            /** @description Who made it. */
            creator_id: components["schemas"]["UserId"];
            /** @description Its name. */
            name: string;
            /** @description What it is for. */
            description: string;
            /**
             * Format: int32
             * @description Seconds between refreshes of what is not live.
             */
            update_frequency: number;
            /** @description Whether it is in use. */
            is_active: boolean;
            /**
             * Format: int32
             * @description Number of the save.
             */
            version: number;
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When it was saved last. */
            updated_at: components["schemas"]["Timestamp"];
            updated_by: components["schemas"]["Person"] | null;
        };
        /** @description A dashboard template. */
        DashboardTemplate: {
            /** @description Its id. */
            id: components["schemas"]["DashboardId"];
            /** @description Its tenant. */
            organization_id: components["schemas"]["OrganizationId"];
            project_id: components["schemas"]["ProjectId"] | null;
            /** @description Who made it. */
            creator_id: components["schemas"]["UserId"];
            /** @description Its name. */
            name: string;
            /** @description What it is for. */
            description: string;
            /** @description Where things are, in the words of the UI. */
            layout: {
                [key: string]: unknown;
            };
            /** @description How widgets are drawn, in the words of the UI. */
            widgets: components["schemas"]["Drawing"];
            /** @description What the UI wants to know about sources. */
            datasources: components["schemas"]["Drawing"];
            /**
             * Format: int32
             * @description Seconds between refreshes of what is not live.
             */
            update_frequency: number;
            /** @description What the UI keeps about flows. */
            flow_config: {
                [key: string]: unknown;
            };
            /** @description Whether it is in use. */
            is_active: boolean;
            /**
             * Format: int32
             * @description Number of the save. Its ETag.
             */
            version: number;
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When it was saved last. */
            updated_at: components["schemas"]["Timestamp"];
            updated_by: components["schemas"]["Person"] | null;
        };
        /** @description A widget of a dashboard. */
        DashboardWidget: components["schemas"]["DataSource"] & {
            /** @description Its id: what the live socket names it by. */
            id: components["schemas"]["WidgetId"];
            /** @description The dashboard that it is on. */
            dashboard_template_uuid: components["schemas"]["DashboardId"];
            /** @description Its id in the drawing; unique within the dashboard. */
            widget_id: string;
            /** @description What stands above it. */
            title: string;
            /** @description How it looks. */
            widget_type: components["schemas"]["WidgetType"];
            /** @description What the UI keeps about it. */
            widget_config: {
                [key: string]: unknown;
            };
            /** @description Where it is. */
            grid_position: components["schemas"]["GridPosition"];
            /** @description What becomes of several values. */
            aggregation: components["schemas"]["Aggregation"];
            /**
             * Format: int32
             * @description Milliseconds between refreshes, and of a bucket: what [`Self::aggregation`] goes over.
             */
            refresh_interval: number;
            /**
             * Format: int32
             * @description Samples kept for it.
             */
            max_samples: number;
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When it was changed last. */
            updated_at: components["schemas"]["Timestamp"];
        };
        /** @description Where a widget's data comes from. In JSON its fields stand beside the widget's. */
        DataSource: {
            /** @description The flow. */
            flow_id: components["schemas"]["FlowId"];
            /** @description The node's id in the diagram. */
            node_id: components["schemas"]["Name"];
            /** @description Which field of its records; `output` if absent. */
            output_field?: string;
            /** @enum {string} */
            data_source_type: "flow_node";
        } | {
            /** @description The device. */
            device_id: components["schemas"]["DeviceId"];
            /** @description The sensor's name. */
            sensor_type: components["schemas"]["SensorName"];
            /** @enum {string} */
            data_source_type: "device_sensor";
        } | {
            /** @description The value; null if absent. */
            static_value?: unknown;
            /** @enum {string} */
            data_source_type: "static";
        };
        /** @description A record that a flow could not handle. */
        DeadLetter: {
            /** @description Its id; later ones are greater. */
            id: components["schemas"]["DeadLetterId"];
            /** @description The flow. */
            flow_id: components["schemas"]["FlowId"];
            /**
             * Format: int32
             * @description The version that ran.
             */
            version: number;
            /** @description The node's id in the diagram. */
            node_id: string;
            device_id: components["schemas"]["DeviceId"] | null;
            /** @description Its sensor. */
            sensor_type: string | null;
            /** @description Event time of the record. */
            timestamp: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description Arrival offset of the reading that it comes from.
             */
            offset: number;
            /** @description Its value; the beginning of it as text if it was too large. */
            value: unknown;
            /** @description Whether that is only the beginning. */
            is_cut: boolean;
            /** @description What was wrong, for programs. */
            code: string;
            /** @description What was wrong, for people. */
            detail: string;
            /**
             * Format: int64
             * @description Records of the flow between this one and the one before that are not kept: too many came at once.
             */
            skipped: number;
            /** @description When it was found. */
            at: components["schemas"]["Timestamp"];
        };
        /** Format: uuid */
        DeadLetterId: string;
        /** @description Body of a deployment. */
        DeployFlow: {
            /**
             * Format: int32
             * @description The version to deploy again; the draft if absent.
             */
            version?: number | null;
        };
        /** @description How far a deployment is, beside what runs. */
        DeploymentProgress: {
            /**
             * Format: int32
             * @description The version that is to run.
             */
            version: number;
            /** @description What is being done. */
            state: components["schemas"]["DeploymentStage"];
            /** @description Since when. */
            since: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description Stored readings that it was fed.
             */
            readings: number;
            /**
             * Format: double
             * @description How much of the time that it looks back at has been read, from 0 to 1.
             */
            done: number;
        };
        /**
         * @description What a deployment is at.
         * @enum {string}
         */
        DeploymentStage: "waiting" | "warming_up" | "cutting_over";
        Description: string;
        /** @description A device. */
        Device: {
            /** @description Its id: what readings, flows and sockets name it by. */
            id: components["schemas"]["DeviceId"];
            /** @description Its tenant. */
            organization_id: components["schemas"]["OrganizationId"];
            /** @description Who made it; it counts against their `device_limit`. */
            creator_id: components["schemas"]["UserId"];
            /** @description Its name; unique within the organization. */
            name: string;
            /** @description What it is for. */
            description: string;
            /** @description What kind of thing it is, in the words of its owner. */
            device_type: string;
            /** @description The projects that it is in, all of its organization; in the order of their making. */
            project_ids: components["schemas"]["ProjectId"][];
            /** @description The token's first characters, to tell tokens apart by; empty if its token was taken away. */
            token_prefix: string;
            /** @description How it is. */
            status: components["schemas"]["DeviceStatus"];
            /** @description Whether it may connect. */
            is_active: boolean;
            last_seen: components["schemas"]["Timestamp"] | null;
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When it was changed last (by a person: presence does not count). */
            updated_at: components["schemas"]["Timestamp"];
        };
        /**
         * @description What happened.
         * @enum {string}
         */
        DeviceAction: "created" | "updated" | "deleted" | "connected" | "disconnected" | "token_rotated" | "token_revoked";
        /** @description What became of a device. */
        DeviceActionAnswer: components["schemas"]["DeviceActionDone"] | components["schemas"]["DeviceActionRefused"];
        /** @description That it was done to a device. */
        DeviceActionDone: {
            /** @description The device. */
            id: components["schemas"]["DeviceId"];
            /**
             * Format: int32
             * @description 200 with the device, or 204.
             */
            status: number;
            device?: components["schemas"]["Device"] | null;
        };
        /**
         * @description The name of a [`DeviceDeed`].
         * @enum {string}
         */
        DeviceActionName: "switch_on" | "switch_off" | "add_to_project" | "take_out_of_project" | "delete";
        /** @description Why it was not done to a device. */
        DeviceActionRefused: components["schemas"]["Problem"] & {
            /** @description The device. */
            id: components["schemas"]["DeviceId"];
        };
        /** @description One thing that is done to many devices. `project_id` goes with `add_to_project` and `take_out_of_project`, and with nothing else. */
        DeviceActionsInput: {
            ids: components["schemas"]["DeviceId"][];
            action: components["schemas"]["DeviceActionName"];
            project_id?: components["schemas"]["ProjectId"];
        };
        /** @description Something that happened to one of an organization's devices. */
        DeviceEvent: components["schemas"]["DeviceHistory"] & {
            /** @description The device's name now; none of one that was deleted. */
            device_name: string | null;
        };
        /** Format: uuid */
        DeviceEventId: string;
        /** @description Something that happened to a device. */
        DeviceHistory: {
            /** @description Its id; ids ascend in the order of happening. */
            id: components["schemas"]["DeviceEventId"];
            /** @description The device, which may be gone. */
            device_id: components["schemas"]["DeviceId"];
            /** @description What happened. */
            action: components["schemas"]["DeviceAction"];
            /** @description More about it: `by` is the user who did it; `skipped` counts what happened between this entry and the one before and was left out. */
            details: {
                [key: string]: unknown;
            };
            /** @description When. */
            at: components["schemas"]["Timestamp"];
        };
        /** Format: uuid */
        DeviceId: string;
        /** @description Body of a new device. */
        DeviceInput: {
            /** @description Its tenant. */
            organization_id: components["schemas"]["OrganizationId"];
            /** @description Its name. */
            name: components["schemas"]["Name"];
            /** @description What it is for. */
            description?: components["schemas"]["Description"];
            /** @description What kind of thing it is. */
            device_type?: components["schemas"]["Label"];
        };
        /** @description Body of a change to a device. What is absent stays. */
        DevicePatch: {
            /** @description New name. */
            name?: components["schemas"]["Name"];
            /** @description New description. */
            description?: components["schemas"]["Description"];
            /** @description New kind. */
            device_type?: components["schemas"]["Label"];
            /** @description How it is, in the eyes of a person: anything but [`DeviceStatus::Active`], which the server says of an open socket. */
            status?: components["schemas"]["StatusByHand"];
            /** @description Whether it may connect; `false` closes its socket at once. */
            is_active?: boolean;
        };
        /**
         * @description How a device is, as far as the server knows.
         * @enum {string}
         */
        DeviceStatus: "active" | "inactive" | "offline" | "error";
        /** @description In the words of the UI. */
        Drawing: {
            [key: string]: unknown;
        }[];
        /** @description React Flow edges; unknown keys are kept. */
        Edges: {
            [key: string]: unknown;
        }[];
        /** Format: email */
        EmailAddress: string;
        /** @description How one gets in: what a page has to ask for before somebody is logged in. */
        Entry: {
            /** @description Whether there is a user, or ever was. Without any, the next signup makes the first. */
            has_users: boolean;
            /** @description Whether the first user must show the setup token that the server printed when it started. False once there is one. */
            needs_setup_token: boolean;
            /** @description Whether others may sign up. The first user may, wherever a setup token lets them. */
            takes_signups: boolean;
        };
        /** @description Something that went wrong with one record. */
        ErrorSample: {
            /** @description When it was noticed. */
            at: components["schemas"]["Timestamp"];
            /** @description Which kind. */
            code: string;
            device_id: components["schemas"]["DeviceId"] | null;
            /** @description The record's sensor. */
            sensor_type: string | null;
            timestamp: components["schemas"]["Timestamp"] | null;
            /** @description What was wrong. */
            detail: string;
        };
        /** Format: uuid */
        ExecutionId: string;
        /**
         * @description How far an execution has come.
         * @enum {string}
         */
        ExecutionStatus: "pending" | "running" | "completed" | "failed" | "stopped";
        /**
         * @description What began an execution.
         * @enum {string}
         */
        ExecutionTrigger: "manual" | "deploy" | "replay";
        /** @description One thing wrong with a body. */
        FieldProblem: {
            /** @description Where: a JSON pointer (RFC 6901); empty for the whole body. */
            pointer: string;
            /** @description What, as an end of "this field ...". */
            message: string;
        };
        /** @description How an organization's devices and flows are, and how much they do. */
        Fleet: components["schemas"]["FleetDevices"] & {
            /**
             * Format: double
             * @description Readings of its devices' sockets that became durable a second, over the last ten seconds or so.
             */
            readings_per_s: number;
            /**
             * Format: int64
             * @description Readings and frames of its devices that were refused in the last hour, since the server's start; those that a device is only to send again are none.
             */
            refused_last_hour: number;
            /**
             * Format: int64
             * @description Records that its flows could not handle in the last hour, since the server's start.
             */
            errors_last_hour: number;
            /**
             * Format: int64
             * @description Dead letters of the last hour.
             */
            dead_letters_last_hour: number;
            /**
             * Format: int64
             * @description How long ago the oldest reading arrived that the slowest of its flows has not done, in milliseconds; 0 if all is done, or no flow runs.
             */
            lag_ms: number;
            /**
             * Format: int64
             * @description About how many of its readings became durable in that time.
             */
            lag_readings: number;
            /** @description How its flows are: those in its projects. */
            flows: components["schemas"]["FleetFlows"];
            /**
             * Format: int64
             * @description Bytes on disk of all readings of the server; null while other organizations store in it, too.
             */
            store_bytes: number | null;
        };
        /** @description How many devices an organization has, and how they are. `devices` is the sum of `active`, `offline`, `inactive` and `error`. */
        FleetDevices: {
            /**
             * Format: int64
             * @description All of them.
             */
            devices: number;
            /**
             * Format: int64
             * @description Their sockets are open.
             */
            active: number;
            /**
             * Format: int64
             * @description They were there, and are not now.
             */
            offline: number;
            /**
             * Format: int64
             * @description Never seen, or switched off by a person.
             */
            inactive: number;
            /**
             * Format: int64
             * @description A person said that they are broken.
             */
            error: number;
            /**
             * Format: int64
             * @description Of all of them, those that may not connect (`is_active` false).
             */
            disabled: number;
        };
        /** @description How many flows an organization's projects have, and how they are. */
        FleetFlows: {
            /**
             * Format: int64
             * @description All of them, drafts too.
             */
            flows: number;
            /**
             * Format: int64
             * @description Those that are to run.
             */
            deployed: number;
            /**
             * Format: int64
             * @description Those that run. Fewer than `deployed`: some cannot, and say why (`GET /flows/{id}/metrics`).
             */
            running: number;
            /**
             * Format: int64
             * @description Of those that run, how many have a node that failed.
             */
            failed: number;
            /**
             * Format: int64
             * @description Those that the platform stopped because they could not keep up.
             */
            suspended: number;
        };
        /** @description Buckets of what a flow stored. */
        FlowBuckets: {
            /** @description Event time from here on. */
            from: components["schemas"]["Timestamp"];
            /** @description Event time before this. */
            to: components["schemas"]["Timestamp"];
            /** @description Length of a bucket, where it follows the calendar and the clock. */
            bucket: string | null;
            /**
             * Format: int64
             * @description Milliseconds of a bucket, where all have as many and begin with the range.
             */
            width_ms: number | null;
            /** @description The time zone that buckets follow. */
            tz: string | null;
            /** @description The series, by name, device and sensor. */
            series: components["schemas"]["FlowSeriesBuckets"][];
        };
        /** @description What a flow uses and may use. */
        FlowBudget: {
            /**
             * Format: int64
             * @description Keys that its nodes remember something of.
             */
            keys: number;
            /**
             * Format: int64
             * @description As many as one node may.
             */
            keys_most_per_node: number;
            /**
             * Format: int64
             * @description Bytes that this may come to.
             */
            state_bytes: number;
            /**
             * Format: int64
             * @description As many as may be.
             */
            state_bytes_most: number;
            /**
             * Format: double
             * @description Share of a cell's time that it took at the last look.
             */
            cpu_share: number;
            /**
             * Format: double
             * @description As much as it may take while others wait.
             */
            cpu_share_most: number;
        };
        /** @description What a flow uses and may use, by itself and with the others of its tenant. */
        FlowBudgets: {
            /** @description The flow. */
            flow: components["schemas"]["FlowBudget"];
            /** @description All flows of its organization, or in no project of its owner. */
            tenant: components["schemas"]["TenantBudget"];
        };
        /**
         * @description What a version would change of what runs.
         * @enum {string}
         */
        FlowChange: "new" | "cosmetic" | "hot" | "cold";
        /** @description A flow diagram. */
        FlowDiagram: {
            /** @description Its id. */
            id: components["schemas"]["FlowId"];
            /** @description Whom it belongs to. */
            owner_id: components["schemas"]["UserId"];
            project_id: components["schemas"]["ProjectId"] | null;
            /** @description Its name. */
            name: string;
            /** @description What it is for. */
            description: string;
            /** @description React Flow nodes, as the editor wrote them; unknown keys are kept. */
            nodes: components["schemas"]["Nodes"];
            /** @description React Flow edges, as the editor wrote them; unknown keys are kept. */
            edges: components["schemas"]["Edges"];
            /** @description Whatever the editor wants to keep with it (viewport, ...). */
            metadata: {
                [key: string]: unknown;
            };
            /** @description Whether it is deployed. */
            is_active: boolean;
            /**
             * Format: int32
             * @description Number of the draft: each save adds one. Its ETag.
             */
            version: number;
            /**
             * Format: int32
             * @description The version that is deployed, while one is; the draft may be newer.
             */
            deployed_version: number | null;
            /** @description Words to find it by. */
            tags: string[];
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When it was saved last. */
            updated_at: components["schemas"]["Timestamp"];
        };
        /** @description Body of a check: a drawing that is not saved, or a version that was deployed. What is absent is taken from what is saved. */
        FlowDraft: {
            /**
             * Format: int32
             * @description A version that was deployed, instead of the draft.
             */
            version?: number | null;
            /** @description Nodes to check. */
            nodes?: components["schemas"]["Nodes"];
            /** @description Edges to check. */
            edges?: components["schemas"]["Edges"];
        };
        /** @description A run of a flow. */
        FlowExecution: {
            /** @description Its id; later ones are greater. */
            id: components["schemas"]["ExecutionId"];
            /** @description The flow. */
            flow_id: components["schemas"]["FlowId"];
            /**
             * Format: int32
             * @description The version that runs, or ran.
             */
            version: number;
            /** @description How far it has come. */
            status: components["schemas"]["ExecutionStatus"];
            /** @description What began it. */
            trigger: components["schemas"]["ExecutionTrigger"];
            /** @description When it was asked for. */
            started_at: components["schemas"]["Timestamp"];
            completed_at: components["schemas"]["Timestamp"] | null;
            /** @description What came of it. */
            result: {
                [key: string]: unknown;
            };
            /** @description Why it failed. */
            error_message: string | null;
        };
        /** Format: uuid */
        FlowId: string;
        /** @description Body of a new flow, or of a whole replacement. */
        FlowInput: {
            project_id?: components["schemas"]["ProjectId"] | null;
            /** @description Its name. */
            name: components["schemas"]["Name"];
            /** @description What it is for. */
            description?: components["schemas"]["Description"];
            /** @description React Flow nodes. */
            nodes?: components["schemas"]["Nodes"];
            /** @description React Flow edges. */
            edges?: components["schemas"]["Edges"];
            /** @description Whatever the editor wants to keep with it. */
            metadata?: {
                [key: string]: unknown;
            };
            /** @description Words to find it by. */
            tags?: components["schemas"]["Tags"];
        };
        /** @description How a flow runs and what its nodes count. Of one that does not run there are `flow_id`, `state`, `reason` and no nodes. */
        FlowMetrics: {
            /** @description The flow. */
            flow_id: components["schemas"]["FlowId"];
            /**
             * Format: int32
             * @description The version that runs.
             */
            version?: number | null;
            /** @description How it is. */
            state: components["schemas"]["FlowState"];
            /** @description Why it is not simply running. */
            reason: string | null;
            /**
             * Format: int32
             * @description Times it was installed again lately because a node panicked.
             */
            restarts?: number | null;
            installed_at?: components["schemas"]["Timestamp"] | null;
            cell?: components["schemas"]["CellStatus"] | null;
            /** @description Its nodes, in the order of the plan. */
            nodes: components["schemas"]["NodeMetrics"][];
            budgets?: components["schemas"]["FlowBudgets"] | null;
            deploying?: components["schemas"]["DeploymentProgress"] | null;
        };
        /** @description Body of a change to a flow. What is absent stays. */
        FlowPatch: {
            project_id?: components["schemas"]["ProjectId"] | null;
            /** @description New name. */
            name?: components["schemas"]["Name"];
            /** @description New description. */
            description?: components["schemas"]["Description"];
            /** @description New nodes. */
            nodes?: components["schemas"]["Nodes"];
            /** @description New edges. */
            edges?: components["schemas"]["Edges"];
            /** @description New metadata. */
            metadata?: {
                [key: string]: unknown;
            };
            /** @description New tags. */
            tags?: components["schemas"]["Tags"];
        };
        /** @description One thing wrong with a diagram. */
        FlowProblem: {
            /** @description The node it is about, if it is about one. */
            node?: string | null;
            /** @description The edge it is about, if it is about one. */
            edge?: string | null;
            /** @description Which key of the node's `data` or of the edge. */
            field?: string | null;
            /** @description Which kind of trouble. */
            code: components["schemas"]["FlowProblemCode"];
            /** @description A sentence for the user. */
            message: string;
            position?: components["schemas"]["TextPosition"] | null;
        };
        /**
         * @description Kinds of [`Problem`]s.
         * @enum {string}
         */
        FlowProblemCode: "malformed" | "too_large" | "empty" | "missing_id" | "duplicate_id" | "unknown_type" | "missing_end" | "unknown_port" | "cycle" | "unconnected" | "required" | "wrong_type" | "out_of_range" | "unknown_choice" | "not_an_id" | "not_found" | "not_a_sensor" | "unsupported" | "type_mismatch" | "unit_mismatch" | "expression_syntax" | "expression_type" | "expression_too_large" | "more";
        /** @description A row that a flow stored. */
        FlowRow: {
            /** @description Event time; of a window's result, the window's start. */
            timestamp: components["schemas"]["Timestamp"];
            /**
             * Format: double
             * @description The number; 0 where the value is text or an object.
             */
            value: number;
            unit: components["schemas"]["Unit"] | null;
            /** @description The original, where it is no number. */
            raw_data: unknown;
            /**
             * Format: int64
             * @description Number of the reading that caused it.
             */
            reading_id: number;
            /** @description What was noticed about the time of the readings that it comes from; absent if nothing was. */
            note?: string;
        };
        /** @description A series that a flow stores. */
        FlowSeries: {
            /** @description The name that the flow gives it. */
            name: components["schemas"]["SensorName"];
            device_id: components["schemas"]["DeviceId"] | null;
            sensor_type: components["schemas"]["SensorName"] | null;
            latest: components["schemas"]["FlowRow"] | null;
        };
        /** @description Buckets of one series that a flow stored, as columns. Of the aggregates, those that were asked for are there. */
        FlowSeriesBuckets: {
            /** @description The name that the flow gives it. */
            name: components["schemas"]["SensorName"];
            device_id: components["schemas"]["DeviceId"] | null;
            sensor_type: components["schemas"]["SensorName"] | null;
            /** @description Where the buckets begin: milliseconds since the epoch. */
            ts: number[];
            /** @description Mean of the numbers. */
            avg?: (number | null)[];
            /** @description The lowest numbers. */
            min?: (number | null)[];
            /** @description The highest numbers. */
            max?: (number | null)[];
            /** @description How many rows, whatever they are. */
            count?: number[];
            /** @description Sums of the numbers. */
            sum?: (number | null)[];
            /** @description Values of the first rows, whatever they are. */
            first?: unknown[];
            /** @description Values of the last rows, whatever they are. */
            last?: unknown[];
        };
        /**
         * @description How a flow is.
         * @enum {string}
         */
        FlowState: "pending" | "running" | "slowed" | "restarting" | "failed" | "refused" | "suspended" | "stopped";
        /** @description A flow diagram as lists show it: without the diagram, so that a page stays small. */
        FlowSummary: {
            /** @description Its id. */
            id: components["schemas"]["FlowId"];
            /** @description Whom it belongs to. */
            owner_id: components["schemas"]["UserId"];
            project_id: components["schemas"]["ProjectId"] | null;
            /** @description Its name. */
            name: string;
            /** @description What it is for. */
            description: string;
            /** @description Whether it is deployed. */
            is_active: boolean;
            /**
             * Format: int32
             * @description Number of the draft.
             */
            version: number;
            /**
             * Format: int32
             * @description The version that is deployed, while one is.
             */
            deployed_version: number | null;
            state: components["schemas"]["FlowState"] | null;
            /** @description Why it is not simply running, where there is a reason. */
            reason: string | null;
            /**
             * Format: int64
             * @description Records that its nodes could not handle since it was installed last.
             */
            errors: number;
            /** @description Words to find it by. */
            tags: string[];
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When it was saved last. */
            updated_at: components["schemas"]["Timestamp"];
        };
        /** @description What a check of a drawing found. */
        FlowVerdict: {
            /** @description Whether it could run. */
            valid: boolean;
            /** @description Everything that is wrong. */
            problems: components["schemas"]["FlowProblem"][];
            /** @description How it would run, if it could. */
            plan?: {
                [key: string]: unknown;
            };
            change?: components["schemas"]["FlowChange"] | null;
            /**
             * Format: int64
             * @description Milliseconds of event time that it would be fed from what is stored before it takes the place of what runs, if the change is `cold`.
             */
            looks_back_ms?: number | null;
        };
        /** @description A version with its diagram. */
        FlowVersion: components["schemas"]["FlowVersionSummary"] & {
            /** @description Its React Flow nodes. */
            nodes: components["schemas"]["Nodes"];
            /** @description Its React Flow edges. */
            edges: components["schemas"]["Edges"];
        };
        /** @description A version as lists show it: without its diagram. */
        FlowVersionSummary: {
            /**
             * Format: int32
             * @description Its number, which is that of the draft that was deployed.
             */
            version: number;
            /** @description When it was deployed for the first time. */
            created_at: components["schemas"]["Timestamp"];
            deployed_by: components["schemas"]["UserId"] | null;
            /** @description Whether it is the one that is deployed. */
            is_deployed: boolean;
        };
        /** @description Any object of at most 16384 bytes of JSON. */
        FreeForm: {
            [key: string]: unknown;
        };
        /** @description Where a widget is, in cells of the grid. */
        GridPosition: {
            /**
             * Format: int32
             * @description Column.
             */
            x?: number;
            /**
             * Format: int32
             * @description Row.
             */
            y?: number;
            /**
             * Format: int32
             * @description Columns wide.
             */
            w?: number;
            /**
             * Format: int32
             * @description Rows high.
             */
            h?: number;
            /**
             * Format: int32
             * @description Columns wide at least.
             */
            minW?: number | null;
            /**
             * Format: int32
             * @description Rows high at least.
             */
            minH?: number | null;
        };
        /** @description What became of the lines of an import: each is counted once. */
        ImportReport: {
            /**
             * Format: int64
             * @description Readings that were stored, and are durable.
             */
            accepted: number;
            /**
             * Format: int64
             * @description Lines that were skipped: an earlier try of the same import had dealt with them, whether it stored or refused them. What it
             *     refused is not stored under the same `import`, even if it would be accepted by now.
             */
            repeated: number;
            /**
             * Format: int64
             * @description Lines that were refused.
             */
            refused: number;
            /** @description Why, for the first 100 of them. */
            errors: components["schemas"]["RefusedLine"][];
        };
        Label: string;
        /** @description Who is logged in, and by what. */
        LoggedIn: {
            /** @description Who. */
            user: components["schemas"]["User"];
            organization?: components["schemas"]["Organization"] | null;
            /** @description The session's token. */
            token: string;
            /** @description When the session ends by itself. */
            expires_at: components["schemas"]["Timestamp"];
        };
        /** @description Body of a login. What no account can have is not a problem here: it is a wrong login like any other. */
        Login: {
            /** @description Address of the account, as typed. */
            email: components["schemas"]["TypedAddress"];
            /** @description The password to try. */
            password: components["schemas"]["TypedPassword"];
        };
        /** @description Body of a new member. */
        MemberInput: {
            /** @description The address of an account that exists, folded as accounts have it. */
            email: components["schemas"]["EmailAddress"];
            /** @description What to make them. */
            role: components["schemas"]["MemberRole"];
        };
        /** @description Body of a change to a member. */
        MemberPatch: {
            /** @description What to make them. */
            role: components["schemas"]["MemberRole"];
        };
        /**
         * @description What a member was made.
         * @enum {string}
         */
        MemberRole: "admin" | "user";
        /**
         * Format: date-time
         * @description RFC 3339, or whole milliseconds since the epoch.
         */
        Moment: string | number;
        Name: string;
        /** Format: password */
        NewPassword: string;
        /**
         * @description Groups of the palette.
         * @enum {string}
         */
        NodeCategory: "source" | "route" | "transform" | "stateful" | "sink" | "structure";
        /** @description What a node did in a run of its flow. */
        NodeExecution: {
            /** @description Its id; later ones are greater. */
            id: components["schemas"]["NodeExecutionId"];
            /** @description The run. */
            flow_execution_id: components["schemas"]["ExecutionId"];
            /** @description The node's id in the diagram. */
            node_id: string;
            /** @description What the entry is about. */
            scope: components["schemas"]["NodeScope"];
            /** @description How far the node has come. */
            status: components["schemas"]["NodeStatus"];
            /** @description What came in; `left_out_bytes` if it was too large. Of a minute nothing. */
            input_data: {
                [key: string]: unknown;
            };
            /** @description What left; as above. */
            output_data: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @description Records that came in.
             */
            records_in: number;
            /**
             * Format: int64
             * @description Records that left by `out`.
             */
            records_out: number;
            /**
             * Format: int64
             * @description Records that it could not handle.
             */
            errors: number;
            /**
             * Format: double
             * @description Milliseconds spent in it; of a deployment an estimate.
             */
            duration_ms: number;
            /** @description When: of a minute its end. */
            executed_at: components["schemas"]["Timestamp"];
        };
        /** Format: uuid */
        NodeExecutionId: string;
        /**
         * @description How a node is.
         * @enum {string}
         */
        NodeHealth: "ok" | "degraded" | "failed";
        /**
         * @description How records reach a node.
         * @enum {string}
         */
        NodeInput: "nothing" | "one" | "named";
        /** @description A node's part of `GET /flows/{id}/metrics`. Counts are since the flow was installed last. */
        NodeMetrics: {
            /** @description Its id in the diagram. */
            id: string;
            /** @description Its kind. */
            type: string;
            /** @description How it is. */
            state: components["schemas"]["NodeHealth"];
            /**
             * Format: int64
             * @description Records that came in.
             */
            records_in: number;
            /**
             * Format: int64
             * @description Records that it made beyond those: elements of a list, pairs of a join, results before the last.
             */
            records_made: number;
            /**
             * Format: int64
             * @description Records that left by `out`.
             */
            records_out: number;
            /**
             * Format: int64
             * @description Records that the node left out on purpose, or folded into others.
             */
            filtered: number;
            /**
             * Format: int64
             * @description Records that came too late.
             */
            late: number;
            /**
             * Format: int64
             * @description Records that it could not handle.
             */
            errors: number;
            /**
             * Format: int64
             * @description Records that ended because there was no room for them, or for what would have been made of them.
             */
            dropped: number;
            /** @description Of errors and dropped records, how many for which reason. */
            reasons: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description Records that it holds.
             */
            in_flight: number;
            /**
             * Format: int64
             * @description Nanoseconds spent in it, estimated.
             */
            busy_ns: number;
            /**
             * Format: int64
             * @description Of a source: nanoseconds that a record waited in its cell, on the average.
             */
            waiting_ns: number;
            /**
             * Format: double
             * @description Records that came in, a second, between the last two ticks.
             */
            in_per_s: number;
            /**
             * Format: double
             * @description Records that left, a second, between the last two ticks.
             */
            out_per_s: number;
            /** @description The newest errors. */
            error_samples: components["schemas"]["ErrorSample"][];
        };
        /** @description A record that a node put out. */
        NodeRecord: {
            /** @description Event time. */
            timestamp: components["schemas"]["Timestamp"];
            /**
             * Format: double
             * @description The number.
             */
            value: number;
            /** @description The original, where it is no number. */
            raw_data: unknown;
        };
        /**
         * @description What an entry of a node is about.
         * @enum {string}
         */
        NodeScope: "run" | "minute" | "sample";
        /** @description What a kind of node is: a row of the catalogue. */
        NodeSpec: {
            /** @description Its name in diagrams (`type`). */
            kind: string;
            /** @description Its name in palettes. */
            title: string;
            /** @description The palette's group. */
            category: components["schemas"]["NodeCategory"];
            /** @description How records reach it. */
            input: components["schemas"]["NodeInput"];
            /** @description The ports that it has. `case` stands for as many as its configuration has `cases`, each called by its `name`. */
            ports: components["schemas"]["Port"][];
            /** @description What it remembers. */
            state: components["schemas"]["NodeState"];
            /** @description Whether it acts on the world outside the flow, and so must be muted in replays. */
            side_effect: boolean;
            /** @description Named numbers that its results carry beside `output`. */
            fields: string[];
            /** @description What it does, in a few sentences. */
            docs: string;
        };
        /**
         * @description What a node remembers between records.
         * @enum {string}
         */
        NodeState: "stateless" | "per_key";
        /**
         * @description How far a node has come in a run of its flow.
         * @enum {string}
         */
        NodeStatus: "pending" | "running" | "completed" | "failed";
        /** @description A kind of node. */
        NodeType: components["schemas"]["NodeSpec"] & {
            /** @description JSON Schema of the node's `data`. */
            schema: {
                [key: string]: unknown;
            };
        };
        /** @description React Flow nodes; unknown keys are kept. */
        Nodes: {
            [key: string]: unknown;
        }[];
        /** @description Nothing: an empty object, or no body. */
        Nothing: Record<string, never>;
        /** @description A tenant: what all projects, devices and dashboards belong to. */
        Organization: {
            /** @description Its id. */
            id: components["schemas"]["OrganizationId"];
            /** @description Its name. */
            name: string;
            /** @description Its name in addresses; unique in the installation. */
            slug: string;
            /** @description What it is for. */
            description: string;
            /** @description Whom it belongs to; always an admin member too. */
            owner_id: components["schemas"]["UserId"];
            /** @description Whether it is in use. */
            is_active: boolean;
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When it was changed last. */
            updated_at: components["schemas"]["Timestamp"];
        };
        /** Format: uuid */
        OrganizationId: string;
        /** @description Body of a new organization. */
        OrganizationInput: {
            /** @description Its name. */
            name: components["schemas"]["Name"];
            /** @description Its name in addresses; made from the name if not given. */
            slug?: components["schemas"]["Slug"];
            /** @description What it is for. */
            description?: components["schemas"]["Description"];
        };
        /** @description That a user belongs to an organization, with what the others see of the user. */
        OrganizationMember: {
            /** @description The organization. */
            organization_id: components["schemas"]["OrganizationId"];
            /** @description The user. */
            user_id: components["schemas"]["UserId"];
            /** @description The user's address. */
            email: string;
            /** @description The user's name. */
            name: string;
            /** @description What the member was made. */
            role: components["schemas"]["MemberRole"];
            invited_by: components["schemas"]["UserId"] | null;
            /** @description Since when. */
            joined_at: components["schemas"]["Timestamp"];
        };
        /** @description Body of a change to an organization. What is absent stays. */
        OrganizationPatch: {
            /** @description New name. */
            name?: components["schemas"]["Name"];
            /** @description New name in addresses. */
            slug?: components["schemas"]["Slug"];
            /** @description New description. */
            description?: components["schemas"]["Description"];
            /** @description Whether it is in use: if not, its devices are refused. */
            is_active?: boolean;
        };
        OverlapSeconds: number;
        /** @description A session, and whether it is the one that asks. */
        OwnSession: components["schemas"]["Session"] & {
            /** @description Whether it is the one that asks. */
            current: boolean;
        };
        /** @description Body of a hand-over of an organization. */
        OwnerInput: {
            /** @description The member whom it will belong to. */
            user_id: components["schemas"]["UserId"];
        };
        /** @description A page of a list. */
        Page_ApiToken: {
            /** @description The entries. */
            items: components["schemas"]["ApiToken"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_AuditEntry: {
            /** @description The entries. */
            items: components["schemas"]["AuditEntry"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_DashboardSummary: {
            /** @description The entries. */
            items: components["schemas"]["DashboardSummary"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_DashboardWidget: {
            /** @description The entries. */
            items: components["schemas"]["DashboardWidget"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_DeadLetter: {
            /** @description The entries. */
            items: components["schemas"]["DeadLetter"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_Device: {
            /** @description The entries. */
            items: components["schemas"]["Device"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_DeviceEvent: {
            /** @description The entries. */
            items: components["schemas"]["DeviceEvent"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_DeviceHistory: {
            /** @description The entries. */
            items: components["schemas"]["DeviceHistory"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_FlowExecution: {
            /** @description The entries. */
            items: components["schemas"]["FlowExecution"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_FlowRow: {
            /** @description The entries. */
            items: components["schemas"]["FlowRow"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_FlowSeries: {
            /** @description The entries. */
            items: components["schemas"]["FlowSeries"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_FlowSummary: {
            /** @description The entries. */
            items: components["schemas"]["FlowSummary"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_FlowVersionSummary: {
            /** @description The entries. */
            items: components["schemas"]["FlowVersionSummary"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_NodeExecution: {
            /** @description The entries. */
            items: components["schemas"]["NodeExecution"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_NodeRecord: {
            /** @description The entries. */
            items: components["schemas"]["NodeRecord"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_NodeType: {
            /** @description The entries. */
            items: components["schemas"]["NodeType"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_Organization: {
            /** @description The entries. */
            items: components["schemas"]["Organization"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_OrganizationMember: {
            /** @description The entries. */
            items: components["schemas"]["OrganizationMember"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_OwnSession: {
            /** @description The entries. */
            items: components["schemas"]["OwnSession"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_Project: {
            /** @description The entries. */
            items: components["schemas"]["Project"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_Reading: {
            /** @description The entries. */
            items: components["schemas"]["Reading"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_Sensor: {
            /** @description The entries. */
            items: components["schemas"]["Sensor"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_ShareLink: {
            /** @description The entries. */
            items: components["schemas"]["ShareLink"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_TemplatePermission: {
            /** @description The entries. */
            items: components["schemas"]["TemplatePermission"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /** @description A page of a list. */
        Page_TrackedVariable: {
            /** @description The entries. */
            items: components["schemas"]["TrackedVariable"][];
            /** @description What to ask the next page with; none after the last. */
            next: string | null;
        };
        /**
         * @description What a member may do with one dashboard, beyond their role.
         * @enum {string}
         */
        Permission: "admin" | "user";
        /** @description Body of a permission. */
        PermissionInput: {
            /** @description What the member may do. */
            permission: components["schemas"]["Permission"];
        };
        /** @description A user as others see them who are in an organization with them. */
        Person: {
            /** @description Their id. */
            id: components["schemas"]["UserId"];
            /** @description Their address. */
            email: string;
            /** @description How they want to be called. */
            name: string;
        };
        /** @description What a poll is answered. */
        Polled: {
            /** @description `snap`, `upd` or `bye` of the live socket, whose `id` is 0; none if nothing came in time. */
            frames: {
                [key: string]: unknown;
            }[];
            /**
             * Format: int64
             * @description For the next poll.
             */
            epoch: number;
            /**
             * Format: int64
             * @description For the next poll.
             */
            offset: number;
        };
        /**
         * @description A port of a node.
         * @enum {string}
         */
        Port: "out" | "else" | "late" | "error" | "rejected" | "unmatched" | "case";
        /** @description An answer that says no, as it is sent (RFC 9457). */
        Problem: {
            /** @description `about:blank`: `code` says which problem it is. */
            type: string;
            /** @description The status in words. */
            title: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description Which problem, for people. */
            detail: string;
            /** @description Which problem, for programs: does not change. */
            code: string;
            /** @description The places in the body that are wrong. */
            errors?: components["schemas"]["FieldProblem"][];
            /** @description What is wrong with a flow's diagram, by node and field. */
            problems?: components["schemas"]["FlowProblem"][];
        };
        /** @description A project. */
        Project: {
            /** @description Its id. */
            id: components["schemas"]["ProjectId"];
            /** @description Its tenant. */
            organization_id: components["schemas"]["OrganizationId"];
            /** @description Who made it. */
            creator_id: components["schemas"]["UserId"];
            /** @description Its name; unique within the organization. */
            name: string;
            /** @description What it is for. */
            description: string;
            /** @description How far along it is. */
            status: components["schemas"]["ProjectStatus"];
            /** @description Words to find it by. */
            tags: string[];
            /** @description Whatever programs want to keep with it. */
            metadata: {
                [key: string]: unknown;
            };
            /** @description Whether the editor saves by itself. */
            auto_save: boolean;
            /**
             * Format: int32
             * @description Days that readings of its devices are kept.
             */
            data_retention_days: number;
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When it was changed last. */
            updated_at: components["schemas"]["Timestamp"];
        };
        /** Format: uuid */
        ProjectId: string;
        /** @description Body of a new project. */
        ProjectInput: {
            /** @description Its tenant. */
            organization_id: components["schemas"]["OrganizationId"];
            /** @description Its name. */
            name: components["schemas"]["Name"];
            /** @description What it is for. */
            description?: components["schemas"]["Description"];
            /** @description How far along it is. */
            status?: components["schemas"]["ProjectStatus"];
            /** @description Words to find it by. */
            tags?: components["schemas"]["Tags"];
            /** @description Whatever programs want to keep with it. */
            metadata?: components["schemas"]["FreeForm"];
            /** @description Whether the editor saves by itself. */
            auto_save?: boolean;
            /** @description Days that readings of its devices are kept. */
            data_retention_days?: components["schemas"]["RetentionDays"];
        };
        /** @description Body of a change to a project. What is absent stays; the organization does. */
        ProjectPatch: {
            /** @description New name. */
            name?: components["schemas"]["Name"];
            /** @description New description. */
            description?: components["schemas"]["Description"];
            /** @description How far along it is. */
            status?: components["schemas"]["ProjectStatus"];
            /** @description Other words to find it by. */
            tags?: components["schemas"]["Tags"];
            /** @description What programs want to keep with it instead. */
            metadata?: components["schemas"]["FreeForm"];
            /** @description Whether the editor saves by itself. */
            auto_save?: boolean;
            /** @description Days that readings of its devices are kept from now on. */
            data_retention_days?: components["schemas"]["RetentionDays"];
        };
        /**
         * @description How far along a project is.
         * @enum {string}
         */
        ProjectStatus: "active" | "inactive" | "archived";
        /** @description A reading as it is shown. */
        Reading: {
            /**
             * Format: int64
             * @description Its number in the order of arrival.
             */
            id: number;
            /** @description Who sent it. */
            device_id: components["schemas"]["DeviceId"];
            /** @description Which of its sensors. */
            sensor_type: components["schemas"]["SensorName"];
            /**
             * Format: double
             * @description The number; 0 where the value is text or an object.
             */
            value: number;
            unit: components["schemas"]["Unit"] | null;
            /** @description Event time. */
            timestamp: components["schemas"]["Timestamp"];
            /** @description When it arrived. */
            received_at: components["schemas"]["Timestamp"];
            /** @description The original, where it is no number. */
            raw_data: unknown;
            /** @description What was noticed about its time; absent if nothing was. */
            note?: string;
        };
        RefreshInterval: number;
        /** @description A line that was refused. */
        RefusedLine: {
            /**
             * Format: int64
             * @description Its number, from 1; the first of several that are one record.
             */
            line: number;
            /** @description Which of its fields is wrong, if it is one. */
            field: string | null;
            /** @description What is wrong with it. */
            message: string;
        };
        RetentionDays: number;
        /** @description Body of a new token for a device. All of it may be absent. */
        RotateToken: {
            /** @description Seconds for which the old token stays valid beside the new one; 0 (the default) ends it, and its socket, at once. */
            overlap_s?: components["schemas"]["OverlapSeconds"];
        };
        /** @description A new token. */
        RotatedToken: {
            /** @description What the device opens its socket with. It is shown here, and never again. */
            token: string;
        };
        /** @description Body of a run. Without `from` it is made once, with `trigger_data` or the newest stored readings. */
        RunFlow: {
            /**
             * Format: int32
             * @description A version that was deployed, instead of the draft.
             */
            version?: number | null;
            /** @description Nodes to run that are not saved. */
            nodes?: components["schemas"]["Nodes"];
            /** @description Edges to run that are not saved. */
            edges?: components["schemas"]["Edges"];
            /**
             * @description By source node one value or a list of them. A value is any JSON, or an object of `value` and some of `unit`, `timestamp`, `device_id`
             *     and `sensor_type`.
             */
            trigger_data?: {
                [key: string]: unknown;
            };
            from?: components["schemas"]["Moment"] | null;
            to?: components["schemas"]["Moment"] | null;
            compare_with?: components["schemas"]["CompareWith"] | null;
        };
        Samples: number;
        /** @description A widget of a dashboard that is saved whole. `id` says which one it is; without it, it is the one that has this `widget_id`, or a new one. What is absent is as in a new one. */
        SavedWidget: components["schemas"]["DataSource"] & {
            /** @description Its id in the drawing. */
            widget_id: components["schemas"]["Tag"];
            /** @description What stands above it. */
            title?: components["schemas"]["Title"];
            /** @description How it looks. */
            widget_type: components["schemas"]["WidgetType"];
            /** @description What the UI keeps about it. */
            widget_config?: components["schemas"]["FreeForm"];
            /** @description Where it is. */
            grid_position?: components["schemas"]["GridPosition"];
            /** @description What becomes of several values. */
            aggregation?: components["schemas"]["Aggregation"];
            /** @description Milliseconds between refreshes. */
            refresh_interval?: components["schemas"]["RefreshInterval"];
            /** @description Samples kept for it. */
            max_samples?: components["schemas"]["Samples"];
        } & {
            id?: components["schemas"]["WidgetId"];
        };
        /**
         * @description What a token may be used for, as far as its owner's role goes. Each of the others includes `read`.
         * @enum {string}
         */
        Scope: "read" | "write" | "devices" | "admin";
        /** @description A sensor of a device. */
        Sensor: {
            /** @description Whose. */
            device_id: components["schemas"]["DeviceId"];
            /** @description Its name. */
            sensor_type: components["schemas"]["SensorName"];
            /** @description The units it was sent in. */
            units: components["schemas"]["Unit"][];
            first: components["schemas"]["Timestamp"] | null;
            last: components["schemas"]["Timestamp"] | null;
            latest: components["schemas"]["Reading"] | null;
        };
        SensorName: string;
        /** @description Buckets of one series, as columns. Of the aggregates, those that were asked for are there. */
        SeriesBuckets: {
            /** @description Whose. */
            device_id: components["schemas"]["DeviceId"];
            /** @description Which of its sensors. */
            sensor_type: components["schemas"]["SensorName"];
            /** @description The units it was sent in. */
            units: components["schemas"]["Unit"][];
            /** @description Where the buckets begin: milliseconds since the epoch. */
            ts: number[];
            /** @description Mean of the numbers. */
            avg?: (number | null)[];
            /** @description The lowest numbers. */
            min?: (number | null)[];
            /** @description The highest numbers. */
            max?: (number | null)[];
            /** @description How many readings, whatever they are. */
            count?: number[];
            /** @description Sums of the numbers. */
            sum?: (number | null)[];
            /** @description Values of the first readings, whatever they are. */
            first?: unknown[];
            /** @description Values of the last readings, whatever they are. */
            last?: unknown[];
        };
        /** @description A session. */
        Session: components["schemas"]["SessionOrigin"] & {
            /** @description Its id. */
            id: components["schemas"]["TokenId"];
            /** @description Who logged in. */
            user_id: components["schemas"]["UserId"];
            /** @description The token's first characters, to tell sessions apart by. */
            token_prefix: string;
            /** @description When it ends by itself. */
            expires_at: components["schemas"]["Timestamp"];
            /** @description When it was used last; written at most once an hour. */
            last_used_at: components["schemas"]["Timestamp"];
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
        };
        /** @description From where somebody logged in, as far as it is known. For people to tell their sessions apart by: it proves nothing. */
        SessionOrigin: {
            /** @description What the browser or program said that it is (`User-Agent`), at most 256 bytes of it. */
            user_agent: string | null;
            /** @description The address that the connection to the server came from: behind a proxy, the proxy's. */
            ip: string | null;
        };
        /** @description A share link as those see it who may change its dashboard. Its token is shown once, when it is made. */
        ShareLink: {
            /** @description Its id. */
            id: components["schemas"]["ShareLinkId"];
            /** @description What it shows. */
            dashboard_id: components["schemas"]["DashboardId"];
            /** @description Who made it: it shows no more than they may read. */
            creator_id: components["schemas"]["UserId"];
            /** @description What it is called. */
            name: string;
            /** @description The token's first characters, to tell links apart by. */
            token_prefix: string;
            /** @description When it ends by itself. */
            expires_at: components["schemas"]["Timestamp"];
            last_used_at: components["schemas"]["Timestamp"] | null;
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
        };
        /** Format: uuid */
        ShareLinkId: string;
        /** @description Body of a new share link. */
        ShareLinkInput: {
            /** @description What to call it. */
            name: components["schemas"]["Name"];
            /** @description When it ends by itself: a year ahead at most, and in 30 days if absent. */
            expires_at?: components["schemas"]["Timestamp"];
        };
        /** @description A dashboard as whoever has a link sees it. */
        SharedDashboard: {
            /** @description Its name. */
            name: string;
            /** @description What it is for. */
            description: string;
            /** @description Where things are, in the words of the UI. */
            layout: {
                [key: string]: unknown;
            };
            /** @description How widgets are drawn, in the words of the UI. */
            drawing: components["schemas"]["Drawing"];
            /** @description The widgets that are fed, in the order of their making. */
            widgets: components["schemas"]["SharedWidget"][];
            /**
             * Format: int32
             * @description Seconds between refreshes of what is not live.
             */
            update_frequency: number;
            /** @description When it was saved last. */
            updated_at: components["schemas"]["Timestamp"];
            /** @description When the link ends by itself. */
            expires_at: components["schemas"]["Timestamp"];
        };
        /** @description A widget of a dashboard as whoever has a link sees it. */
        SharedWidget: {
            /** @description Its id: what the live socket and addresses name it by. */
            id: components["schemas"]["WidgetId"];
            /** @description Its id in the drawing. */
            widget_id: string;
            /** @description What stands above it. */
            title: string;
            /** @description How it looks. */
            widget_type: components["schemas"]["WidgetType"];
            /** @description What the UI keeps about it. */
            widget_config: {
                [key: string]: unknown;
            };
            /** @description Where it is. */
            grid_position: components["schemas"]["GridPosition"];
            /** @description What becomes of its values. */
            aggregation: components["schemas"]["Aggregation"];
            /**
             * Format: int32
             * @description Of how many milliseconds, and how often that is asked for.
             */
            refresh_interval: number;
            /**
             * Format: int32
             * @description Samples it shows.
             */
            max_samples: number;
        };
        /** @description Body of a signup. */
        Signup: {
            /** @description Address of the new account. */
            email: components["schemas"]["EmailAddress"];
            /** @description Its password. */
            password: components["schemas"]["NewPassword"];
            /** @description How the user wants to be called; the address up to the `@`, as much of it as a name may have, if not given. */
            name?: components["schemas"]["Name"];
            /** @description What the server printed when it started, if it asks the first user for it. */
            setup_token?: string;
        };
        Slug: string;
        /** @description Another source: all the fields of its kind, or none of these. */
        SourceChange: {
            /** @enum {string} */
            data_source_type?: "flow_node" | "device_sensor" | "static";
            flow_id?: components["schemas"]["FlowId"];
            node_id?: components["schemas"]["Name"];
            output_field?: components["schemas"]["Tag"];
            device_id?: components["schemas"]["DeviceId"];
            sensor_type?: components["schemas"]["SensorName"];
            static_value?: unknown;
        };
        /** @enum {string} */
        StatusByHand: "inactive" | "offline" | "error";
        /**
         * @description What somebody pays for.
         * @enum {string}
         */
        SubscriptionType: "free" | "freemium" | "paid";
        Tag: string;
        Tags: components["schemas"]["Tag"][];
        /** @description That one dashboard is shared with a member of its organization. It ends with the membership. */
        TemplatePermission: {
            /** @description The dashboard. */
            template_id: components["schemas"]["DashboardId"];
            /** @description The member. */
            user_id: components["schemas"]["UserId"];
            /** @description What they may do. */
            permission: components["schemas"]["Permission"];
            /** @description Since when it is shared. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When that was changed last. */
            updated_at: components["schemas"]["Timestamp"];
        };
        /** @description What the flows of a tenant use and may use together. */
        TenantBudget: {
            /**
             * Format: int64
             * @description Keys that their nodes remember something of.
             */
            keys: number;
            /**
             * Format: int64
             * @description As many as may be.
             */
            keys_most: number;
            /**
             * Format: int64
             * @description Bytes that this may come to.
             */
            state_bytes: number;
            /**
             * Format: int64
             * @description As many as may be.
             */
            state_bytes_most: number;
            /**
             * Format: double
             * @description Share of the cells' time that they took at the last look.
             */
            cpu_share: number;
            /**
             * Format: double
             * @description As much as they may take while others wait.
             */
            cpu_share_most: number;
        };
        /** @description A place in a text. */
        TextPosition: {
            /**
             * Format: int32
             * @description Line, from 1.
             */
            line: number;
            /**
             * Format: int32
             * @description Column in characters, from 1.
             */
            column: number;
        };
        /** Format: date-time */
        Timestamp: string;
        Title: string;
        /** Format: uuid */
        TokenId: string;
        /** @description What a widget keeps of a device's sensor: made with a widget that has such a source, changed and removed with it. */
        TrackedVariable: {
            /** @description Its id. */
            id: components["schemas"]["VariableId"];
            /** @description The device. */
            device_id: components["schemas"]["DeviceId"];
            /** @description The sensor's name. */
            sensor_type: components["schemas"]["SensorName"];
            /** @description The `id` of the widget. */
            widget_id: components["schemas"]["WidgetId"];
            /** @description The dashboard that the widget is on. */
            dashboard_uuid: components["schemas"]["DashboardId"];
            /**
             * Format: int32
             * @description Samples kept.
             */
            max_samples: number;
            /** @description When it was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When it was changed last. */
            updated_at: components["schemas"]["Timestamp"];
        };
        TypedAddress: string;
        /** Format: password */
        TypedPassword: string;
        Unit: string;
        /** @description A user as shown to themselves. The password's hash never leaves the catalog in it. */
        User: {
            /** @description Its id. */
            id: components["schemas"]["UserId"];
            /** @description The address to log in with; unique. */
            email: string;
            /** @description How the user wants to be called. */
            name: string;
            /** @description Whether the user may log in. */
            is_active: boolean;
            /** @description The plan. */
            profile: components["schemas"]["UserProfile"];
            /** @description When the account was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description When it was changed last. */
            updated_at: components["schemas"]["Timestamp"];
        };
        /** Format: uuid */
        UserId: string;
        /** @description `password` needs `current_password`. What is absent stays. */
        UserPatch: {
            name?: components["schemas"]["Name"];
            password?: components["schemas"]["NewPassword"];
            current_password?: components["schemas"]["TypedPassword"];
        };
        /** @description What a user may have, beside the account. */
        UserProfile: {
            /** @description The plan. */
            subscription_type: components["schemas"]["SubscriptionType"];
            /**
             * Format: int32
             * @description Devices that the user may create, in all organizations together.
             */
            device_limit: number;
        };
        /** Format: uuid */
        VariableId: string;
        /** @description A dashboard and all its widgets. */
        WholeDashboard: {
            /** @description The dashboard. */
            dashboard: components["schemas"]["DashboardTemplate"];
            /** @description Its widgets, in the order of their making. */
            widgets: components["schemas"]["DashboardWidget"][];
        };
        /** @description A dashboard and all its widgets: what is absent of the dashboard is as in a new one, and widgets that are not among these are removed. */
        WholeDashboardInput: {
            dashboard: components["schemas"]["DashboardInput"];
            widgets: components["schemas"]["SavedWidget"][];
        };
        /** @description What a widget shows now. */
        WidgetData: {
            latest: components["schemas"]["WidgetSample"] | null;
            /** @description What becomes of the values from `from` on and before `to`. */
            aggregation: components["schemas"]["Aggregation"];
            /**
             * Format: double
             * @description What they come to; null if none of them is a number. Of `last`, the last of them if it is a number; of `count`, how many there
             *     are, text and objects among them.
             */
            aggregate: number | null;
            /**
             * Format: int64
             * @description How many they are.
             */
            count: number;
            /**
             * @description Whether these are all values of the time. Of a flow's node they are not if the server has kept them for less long: because
             *     it was started or the widget made since, or because they were more than it keeps.
             */
            complete: boolean;
            /** @description The refresh interval ago; where the widget's samples are buckets, the beginning of the bucket of now. */
            from: components["schemas"]["Timestamp"];
            /** @description Now. */
            to: components["schemas"]["Timestamp"];
        };
        /** Format: uuid */
        WidgetId: string;
        /** @description Body of a new widget. */
        WidgetInput: components["schemas"]["DataSource"] & {
            /** @description Its id in the drawing. */
            widget_id: components["schemas"]["Tag"];
            /** @description What stands above it. */
            title?: components["schemas"]["Title"];
            /** @description How it looks. */
            widget_type: components["schemas"]["WidgetType"];
            /** @description What the UI keeps about it. */
            widget_config?: components["schemas"]["FreeForm"];
            /** @description Where it is. */
            grid_position?: components["schemas"]["GridPosition"];
            /** @description What becomes of several values. */
            aggregation?: components["schemas"]["Aggregation"];
            /** @description Milliseconds between refreshes. */
            refresh_interval?: components["schemas"]["RefreshInterval"];
            /** @description Samples kept for it. */
            max_samples?: components["schemas"]["Samples"];
        };
        /** @description Body of a change to a widget. What is absent stays; a source is changed whole, with its `data_source_type`. */
        WidgetPatch: components["schemas"]["SourceChange"] & {
            /** @description Another id in the drawing. */
            widget_id?: components["schemas"]["Tag"];
            /** @description What stands above it. */
            title?: components["schemas"]["Title"];
            /** @description How it looks. */
            widget_type?: components["schemas"]["WidgetType"];
            /** @description What the UI keeps about it. */
            widget_config?: components["schemas"]["FreeForm"];
            /** @description Where it is. */
            grid_position?: components["schemas"]["GridPosition"];
            /** @description What becomes of several values. */
            aggregation?: components["schemas"]["Aggregation"];
            /** @description Milliseconds between refreshes. */
            refresh_interval?: components["schemas"]["RefreshInterval"];
            /** @description Samples kept for it. */
            max_samples?: components["schemas"]["Samples"];
        };
        /** @description A value that a widget shows. */
        WidgetSample: {
            /** @description Event time; of a bucket, where it begins. */
            timestamp: components["schemas"]["Timestamp"];
            /**
             * Format: double
             * @description The number; 0 where the value is text or an object. Of a bucket, what its values come to.
             */
            value: number;
            unit: components["schemas"]["Unit"] | null;
            /** @description The original, where it is no number; null of a bucket that has no numbers. */
            raw_data: unknown;
        };
        /** @description A widget's newest samples. */
        WidgetSamples: {
            /** @description Oldest first; at most its `max_samples`. */
            items: components["schemas"]["WidgetSample"][];
            /** @description Null: these are all. */
            next: string | null;
            /**
             * @description Whether they are kept while nobody watches, and over a restart. Of a flow's node they are not if too much is kept already, for the server or the
             *     organization, or not yet if the widget was made or changed a moment ago.
             */
            kept: boolean;
        };
        /**
         * @description How a widget looks.
         * @enum {string}
         */
        WidgetType: "time_series" | "bar_chart" | "gauge" | "stat_panel" | "pie_chart" | "table" | "histogram" | "xy_chart" | "trend_chart" | "status" | "switch" | "button" | "slider" | "text";
    };
    responses: {
        /** @description The address, a header or the JSON cannot be understood; `detail` names what. */
        BadRequest: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It is not said, or not believed, who asks. */
        Unauthorized: {
            headers: {
                "WWW-Authenticate"?: "Bearer";
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Known, and not allowed: the role, the token's scope or a limit; `code` says which. */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such thing for the one who asks. */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body did not come in time. */
        BodyTimeout: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It clashes with what is there; `errors` name the fields that are taken. */
        Conflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Somebody saved in between: the version is not the one of `If-Match`. */
        VersionConflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body has too many bytes. */
        BodyTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is not said to be of a kind that is taken. */
        UnsupportedMediaType: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is JSON, but not what it should be; `errors` name every field that is wrong. */
        ValidationFailed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Not so often; `Retry-After` says when. */
        TooManyRequests: {
            headers: {
                /** @description seconds */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The server failed; its log says why. */
        Internal: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too much is going on right now; `Retry-After` says when to try again. With the `code` `outcome_unknown` a change may have been done: sent again with the same `Idempotency-Key` it is not done twice. */
        Busy: {
            headers: {
                /** @description seconds */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    show_entry: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description what a signup needs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Entry"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    sign_up: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Signup"];
            };
        };
        responses: {
            /** @description made; the session's token is in the answer and in a cookie */
            201: {
                headers: {
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoggedIn"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    log_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description the session's token, here and in a cookie */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoggedIn"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    log_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    change_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserPatch"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_sessions: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_OwnSession"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    end_other_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the session */
                id: components["schemas"]["TokenId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_api_tokens: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ApiToken"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    create_api_token: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApiTokenInput"];
            };
        };
        responses: {
            /** @description made */
            201: {
                headers: {
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiToken"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    delete_api_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the token */
                id: components["schemas"]["TokenId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_organizations: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Part of the name. The letters A to Z are found in either case, all others as they stand. */
                q?: string;
                /** @description The order, with `-` the greatest first; that of creation if absent. Names go byte by byte. */
                sort?: "name" | "-name" | "created_at" | "-created_at" | "updated_at" | "-updated_at";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Organization"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    create_organization: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrganizationInput"];
            };
        };
        responses: {
            /** @description made */
            201: {
                headers: {
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_organization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    delete_organization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    change_organization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrganizationPatch"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    hand_over_organization: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OwnerInput"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_fleet: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description how they are */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Fleet"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_device_events: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Only what is of this kind. */
                action?: components["schemas"]["DeviceAction"];
            };
            header?: never;
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DeviceEvent"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_members: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Part of the name. The letters A to Z are found in either case, all others as they stand. */
                q?: string;
                /** @description The order, with `-` the greatest first; that of creation if absent. Names go byte by byte. */
                sort?: "name" | "-name" | "joined_at" | "-joined_at";
            };
            header?: never;
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_OrganizationMember"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    add_member: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MemberInput"];
            };
        };
        responses: {
            /** @description a member now */
            201: {
                headers: {
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrganizationMember"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
                /** @description the member */
                user: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrganizationMember"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    remove_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
                /** @description the member */
                user: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    change_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
                /** @description the member */
                user: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MemberPatch"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrganizationMember"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    organization_audit: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Changes by this user. */
                actor?: components["schemas"]["UserId"];
                /** @description Changes of this kind. */
                action?: components["schemas"]["AuditAction"];
                /** @description Changes to the thing with this id. */
                target?: string;
                /** @description From here on. */
                from?: components["schemas"]["Timestamp"];
                /** @description Before this. */
                to?: components["schemas"]["Timestamp"];
            };
            header?: never;
            path: {
                /** @description the organization */
                id: components["schemas"]["OrganizationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AuditEntry"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    my_audit: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Changes by this user. */
                actor?: components["schemas"]["UserId"];
                /** @description Changes of this kind. */
                action?: components["schemas"]["AuditAction"];
                /** @description Changes to the thing with this id. */
                target?: string;
                /** @description From here on. */
                from?: components["schemas"]["Timestamp"];
                /** @description Before this. */
                to?: components["schemas"]["Timestamp"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AuditEntry"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_projects: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Part of the name. The letters A to Z are found in either case, all others as they stand. */
                q?: string;
                /** @description The order, with `-` the greatest first; that of creation if absent. Names go byte by byte. */
                sort?: "name" | "-name" | "created_at" | "-created_at" | "updated_at" | "-updated_at";
                /** @description Only those of this organization. */
                organization?: components["schemas"]["OrganizationId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Project"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    create_project: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProjectInput"];
            };
        };
        responses: {
            /** @description made */
            201: {
                headers: {
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the project */
                id: components["schemas"]["ProjectId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    remove_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the project */
                id: components["schemas"]["ProjectId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    change_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the project */
                id: components["schemas"]["ProjectId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProjectPatch"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_project_devices: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Part of the name. The letters A to Z are found in either case, all others as they stand. */
                q?: string;
                /** @description The order, with `-` the greatest first; that of creation if absent. Names go byte by byte. */
                sort?: "name" | "-name" | "created_at" | "-created_at" | "updated_at" | "-updated_at" | "last_seen" | "-last_seen";
                /** @description Only those that are like this. */
                status?: components["schemas"]["DeviceStatus"];
                /** @description Only those that may, or may not, connect. */
                is_active?: boolean;
            };
            header?: never;
            path: {
                /** @description the project */
                id: components["schemas"]["ProjectId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Device"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    add_project_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the project */
                id: components["schemas"]["ProjectId"];
                /** @description the device */
                device: components["schemas"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it is in it */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    remove_project_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the project */
                id: components["schemas"]["ProjectId"];
                /** @description the device */
                device: components["schemas"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it is not in it any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_devices: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Part of the name. The letters A to Z are found in either case, all others as they stand. */
                q?: string;
                /** @description The order, with `-` the greatest first; that of creation if absent. Names go byte by byte. */
                sort?: "name" | "-name" | "created_at" | "-created_at" | "updated_at" | "-updated_at" | "last_seen" | "-last_seen";
                /** @description Only those of this organization. */
                organization?: components["schemas"]["OrganizationId"];
                /** @description Only those in this project. */
                project?: components["schemas"]["ProjectId"];
                /** @description Only those that are like this. */
                status?: components["schemas"]["DeviceStatus"];
                /** @description Only those that may, or may not, connect. */
                is_active?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Device"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    create_device: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceInput"];
            };
        };
        responses: {
            /** @description made */
            201: {
                headers: {
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedDevice"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the device */
                id: components["schemas"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    remove_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the device */
                id: components["schemas"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    change_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the device */
                id: components["schemas"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DevicePatch"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    rotate_device_token: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the device */
                id: components["schemas"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateToken"];
            };
        };
        responses: {
            /** @description the new token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotatedToken"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    revoke_device_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the device */
                id: components["schemas"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description none of its tokens opens anything */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_device_history: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description the device */
                id: components["schemas"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DeviceHistory"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    create_devices: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-ndjson": string;
                "text/csv": string;
            };
        };
        responses: {
            /** @description a line for each */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["BulkAnswer"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    act_on_devices: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceActionsInput"];
            };
        };
        responses: {
            /** @description a line for each */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["DeviceActionAnswer"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_readings: {
        parameters: {
            query: {
                /** @description Whose. */
                device: components["schemas"]["DeviceId"];
                /** @description Of this sensor only. */
                sensor?: components["schemas"]["SensorName"];
                /** @description Event time from here on: RFC 3339, or milliseconds since the epoch. */
                from?: string;
                /** @description Event time before this: as `from`. */
                to?: string;
                /** @description Oldest event time first (`asc`, if absent) or newest (`desc`). */
                order?: "asc" | "desc";
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Reading"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    latest_readings: {
        parameters: {
            query: {
                /** @description Whose. */
                device: components["schemas"]["DeviceId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Reading"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    bucket_readings: {
        parameters: {
            query?: {
                /** @description Pairs `<device>/<sensor>`, with commas between several. */
                series?: string;
                /** @description Whose; several with commas. */
                device?: string;
                /** @description Of these sensors of each device; several with commas. All if absent. */
                sensor?: string;
                /** @description Event time from here on: RFC 3339, or milliseconds since the epoch. 24 hours before `to` if absent. */
                from?: string;
                /** @description Event time before this: as `from`. Now if absent. */
                to?: string;
                /** @description Length of a bucket: a whole number and `s`, `m`, `h`, `d`, `w` or `mo`; or `auto`, the shortest even length of which there are at most `points`. */
                bucket?: string;
                /** @description With `bucket=auto`: buckets at most, 500 if absent. Without `bucket`: as many buckets of one length, whatever the clock says. */
                points?: number;
                /** @description Of `avg`, `min`, `max`, `count`, `sum`, `first`, `last`; several with commas. `avg` if absent. */
                agg?: string;
                /** @description The time zone that buckets follow, such as `Europe/Berlin`. UTC if absent. */
                tz?: string;
                /** @description What an empty bucket has: `null` (if absent), `previous`, or `none`: it is left out. */
                fill?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the buckets of each series */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Buckets"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    export_readings: {
        parameters: {
            query: {
                /** @description Whose; several with commas. */
                device?: string;
                /** @description Of all its devices, instead of `device`. */
                organization?: components["schemas"]["OrganizationId"];
                /** @description Of these sensors; several with commas. All if absent. */
                sensor?: string;
                /** @description Event time from here on: RFC 3339, or milliseconds since the epoch. */
                from?: string;
                /** @description Event time before this: as `from`. */
                to?: string;
                /** @description Oldest event time first (`asc`, if absent) or newest (`desc`), within a device or sensor. */
                order?: "asc" | "desc";
                /** @description `csv`, `ndjson` or `parquet`. */
                format: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                    "application/x-ndjson": string;
                    "application/vnd.apache.parquet": number[];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    import_readings: {
        parameters: {
            query?: {
                /** @description Whose readings, where the lines do not say. */
                device?: components["schemas"]["DeviceId"];
                /** @description Which import this is: 1 to 64 visible ASCII characters of your choice. */
                import?: string;
            };
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-ndjson": string;
                "text/csv": string;
            };
        };
        responses: {
            /** @description what became of the lines */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportReport"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_sensors: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the device */
                id: components["schemas"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Sensor"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_flows: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Part of the name. The letters A to Z are found in either case, all others as they stand. */
                q?: string;
                /** @description The order, with `-` the greatest first; that of creation if absent. Names go byte by byte. */
                sort?: "name" | "-name" | "created_at" | "-created_at" | "updated_at" | "-updated_at";
                /** @description Only those of this project. */
                project?: components["schemas"]["ProjectId"];
                /** @description Only those in projects of this organization. */
                organization?: components["schemas"]["OrganizationId"];
                /** @description Only those that are in a project, or that are in none. */
                in_project?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_FlowSummary"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    create_flow: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FlowInput"];
            };
        };
        responses: {
            /** @description made */
            201: {
                headers: {
                    /** @description The version and a hash of the entity, for `If-Match` and `If-None-Match`. */
                    ETag?: string;
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowDiagram"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_flow: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag`, or several with commas, of what one has: if it is still so, that is all that is answered (304). */
                "If-None-Match"?: string;
            };
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    /** @description The version and a hash of the entity, for `If-Match` and `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowDiagram"];
                };
            };
            /** @description it is as it was */
            304: {
                headers: {
                    /** @description As it was. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    replace_flow: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
            };
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FlowInput"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    /** @description The version and a hash of the entity, for `If-Match` and `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowDiagram"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            412: components["responses"]["VersionConflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    remove_flow: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
            };
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["VersionConflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    change_flow: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
            };
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FlowPatch"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    /** @description The version and a hash of the entity, for `If-Match` and `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowDiagram"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            412: components["responses"]["VersionConflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    validate_flow: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["FlowDraft"];
            };
        };
        responses: {
            /** @description the plan, or everything that is wrong */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowVerdict"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    deploy_flow: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["DeployFlow"];
            };
        };
        responses: {
            /** @description it runs */
            200: {
                headers: {
                    /** @description The version and a hash of the entity, for `If-Match` and `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowDiagram"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["VersionConflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    stop_flow: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            /** @description it does not run */
            200: {
                headers: {
                    /** @description The version and a hash of the entity, for `If-Match` and `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowDiagram"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["VersionConflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    flow_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the counters of the flow and of each node */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowMetrics"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    node_output: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
                /** @description the node's id in the diagram */
                node: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all that are kept */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_NodeRecord"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_flow_versions: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_FlowVersionSummary"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_flow_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
                /** @description its number */
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowVersion"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_executions: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Only those that have come so far. */
                status?: components["schemas"]["ExecutionStatus"];
            };
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_FlowExecution"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_execution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
                /** @description the run */
                eid: components["schemas"]["ExecutionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowExecution"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_node_executions: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Only those of the node with this id in the diagram. */
                node?: string;
            };
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
                /** @description the run */
                eid: components["schemas"]["ExecutionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_NodeExecution"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_dead_letters: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Only those of the node with this id in the diagram. */
                node?: string;
            };
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DeadLetter"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    remove_dead_letters: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_flow_series: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Only those of this name. */
                name?: components["schemas"]["SensorName"];
                /** @description Only those of this device. */
                device?: components["schemas"]["DeviceId"];
                /** @description Only those of sensors of this name. */
                sensor?: components["schemas"]["SensorName"];
            };
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_FlowSeries"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_flow_rows: {
        parameters: {
            query: {
                /** @description The series' name. */
                name: components["schemas"]["SensorName"];
                /** @description Its device; absent if it has none. */
                device?: components["schemas"]["DeviceId"];
                /** @description Its sensor; absent if it has none. */
                sensor?: components["schemas"]["SensorName"];
                /** @description Event time from here on: RFC 3339, or milliseconds since the epoch. */
                from?: string;
                /** @description Event time before this: as `from`. */
                to?: string;
                /** @description Oldest event time first (`asc`, if absent) or newest (`desc`). */
                order?: "asc" | "desc";
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_FlowRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    bucket_flow_rows: {
        parameters: {
            query?: {
                /** @description Only series of this name. */
                name?: components["schemas"]["SensorName"];
                /** @description Only those of this device. */
                device?: components["schemas"]["DeviceId"];
                /** @description Only those of sensors of this name. */
                sensor?: components["schemas"]["SensorName"];
                /** @description Event time from here on: RFC 3339, or milliseconds since the epoch. 24 hours before `to` if absent. */
                from?: string;
                /** @description Event time before this: as `from`. Now if absent. */
                to?: string;
                /** @description Length of a bucket: a whole number and `s`, `m`, `h`, `d`, `w` or `mo`; or `auto`, the shortest even length of which there are at most `points`. */
                bucket?: string;
                /** @description With `bucket=auto`: buckets at most, 500 if absent. Without `bucket`: as many buckets of one length, whatever the clock says. */
                points?: number;
                /** @description Of `avg`, `min`, `max`, `count`, `sum`, `first`, `last`; several with commas. `avg` if absent. */
                agg?: string;
                /** @description The time zone that buckets follow, such as `Europe/Berlin`. UTC if absent. */
                tz?: string;
                /** @description What an empty bucket has: `null` (if absent), `previous`, or `none`: it is left out. */
                fill?: string;
            };
            header?: never;
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the buckets of each series */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowBuckets"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    run_flow: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RunFlow"];
            };
        };
        responses: {
            /** @description it was run once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowExecution"];
                };
            };
            /** @description it runs over stored readings */
            202: {
                headers: {
                    /** @description The execution. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowExecution"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    stop_execution: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the flow */
                id: components["schemas"]["FlowId"];
                /** @description the run */
                eid: components["schemas"]["ExecutionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it ends in a moment */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowExecution"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_node_types: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_NodeType"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_dashboards: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
                /** @description Part of the name. The letters A to Z are found in either case, all others as they stand. */
                q?: string;
                /** @description The order, with `-` the greatest first; that of creation if absent. Names go byte by byte. */
                sort?: "name" | "-name" | "created_at" | "-created_at" | "updated_at" | "-updated_at";
                /** @description Only those of this organization. */
                organization?: components["schemas"]["OrganizationId"];
                /** @description Only those of this project. */
                project?: components["schemas"]["ProjectId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DashboardSummary"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    create_dashboard: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DashboardInput"];
            };
        };
        responses: {
            /** @description made */
            201: {
                headers: {
                    /** @description The version and a hash of the entity, for `If-Match` and `If-None-Match`. */
                    ETag?: string;
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DashboardTemplate"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_dashboard: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag`, or several with commas, of what one has: if it is still so, that is all that is answered (304). */
                "If-None-Match"?: string;
            };
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    /** @description The version and a hash of the entity, for `If-Match` and `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DashboardTemplate"];
                };
            };
            /** @description it is as it was */
            304: {
                headers: {
                    /** @description As it was. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    replace_dashboard: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
            };
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DashboardInput"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    /** @description The version and a hash of the entity, for `If-Match` and `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DashboardTemplate"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            412: components["responses"]["VersionConflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    remove_dashboard: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
            };
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["VersionConflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    change_dashboard: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
            };
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DashboardPatch"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    /** @description The version and a hash of the entity, for `If-Match` and `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DashboardTemplate"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            412: components["responses"]["VersionConflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    replace_whole_dashboard: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
            };
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WholeDashboardInput"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    /** @description The version of the dashboard, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WholeDashboard"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            412: components["responses"]["VersionConflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_permissions: {
        parameters: {
            query?: {
                /** @description Entries of the page. */
                limit?: number;
                /** @description What an earlier page had as its `next`. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_TemplatePermission"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_permission: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
                /** @description the member */
                user: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplatePermission"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    set_permission: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
                /** @description the member */
                user: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PermissionInput"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplatePermission"];
                };
            };
            /** @description made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplatePermission"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    remove_permission: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
                /** @description the member */
                user: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_share_links: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ShareLink"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    create_share_link: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ShareLinkInput"];
            };
        };
        responses: {
            /** @description made */
            201: {
                headers: {
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedShareLink"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    delete_share_link: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
                /** @description the link */
                link: components["schemas"]["ShareLinkId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_widgets: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DashboardWidget"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    create_widget: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
                /** @description Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WidgetInput"];
            };
        };
        responses: {
            /** @description made */
            201: {
                headers: {
                    /** @description The version of the dashboard, for `If-Match`. */
                    ETag?: string;
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DashboardWidget"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["VersionConflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_widget: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
                /** @description the widget, by its `id` or its `widget_id` */
                widget: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DashboardWidget"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    remove_widget: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
            };
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
                /** @description the widget, by its `id` or its `widget_id` */
                widget: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description gone */
            204: {
                headers: {
                    /** @description The version of the dashboard, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["VersionConflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    change_widget: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there. */
                "If-Match"?: string;
            };
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
                /** @description the widget, by its `id` or its `widget_id` */
                widget: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WidgetPatch"];
            };
        };
        responses: {
            /** @description as it is now */
            200: {
                headers: {
                    /** @description The version of the dashboard, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DashboardWidget"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["VersionConflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_widget_samples: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
                /** @description the widget, by its `id` or its `widget_id` */
                widget: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WidgetSamples"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_widget_data: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
                /** @description the widget, by its `id` or its `widget_id` */
                widget: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WidgetData"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_tracked_variables: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the dashboard */
                id: components["schemas"]["DashboardId"];
                /** @description the widget, by its `id` or its `widget_id` */
                widget: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_TrackedVariable"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    watch_widget: {
        parameters: {
            query?: {
                /** @description Values to begin with; 2,000 at most. Those of the widget if absent. */
                points?: number;
                /** @description Values a second, 50 at most; more are folded. One in the widget's refresh interval if absent. */
                max_hz?: number;
                /** @description Begin with the history from this time on, in milliseconds since 1970, in at most `points` (2,000) points; `Last-Event-ID` goes before it. */
                from?: number;
            };
            header?: {
                /** @description The id of the last event that is known, `epoch:offset`. */
                "Last-Event-ID"?: string;
            };
            path: {
                /** @description the widget, by its `id` */
                widget: components["schemas"]["WidgetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    poll_widget: {
        parameters: {
            query?: {
                /** @description That of the answer before; goes with `offset`. */
                epoch?: number;
                /** @description That of the answer before; goes with `epoch`. */
                offset?: number;
                /** @description Seconds to wait for something new, 60 at most; 25 if absent. */
                wait_s?: number;
                /** @description Values of a fresh snapshot; 2,000 at most. Those of the widget if absent. */
                points?: number;
                /** @description Values a second, of an `upd` and of answers, 50 at most; more of an `upd` are folded. One in the widget's refresh interval if absent. */
                max_hz?: number;
                /** @description Of a fresh snapshot: the history from this time on, in milliseconds since 1970, in at most `points` (2,000) points. Not looked at with a place. */
                from?: number;
            };
            header?: never;
            path: {
                /** @description the widget, by its `id` */
                widget: components["schemas"]["WidgetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description what is new */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Polled"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    watch_shared_widget: {
        parameters: {
            query?: {
                /** @description The link's token, where there is no `Authorization` header. */
                share?: string;
                /** @description Values to begin with; 2,000 at most. Those of the widget if absent. */
                points?: number;
                /** @description Values a second, 50 at most; more are folded. One in the widget's refresh interval if absent. */
                max_hz?: number;
                /** @description Begin with the history from this time on, in milliseconds since 1970, in at most `points` (2,000) points; `Last-Event-ID` goes before it. */
                from?: number;
            };
            header?: {
                /** @description The id of the last event that is known, `epoch:offset`. */
                "Last-Event-ID"?: string;
            };
            path: {
                /** @description the widget, by its `id` */
                widget: components["schemas"]["WidgetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    poll_shared_widget: {
        parameters: {
            query?: {
                /** @description The link's token, where there is no `Authorization` header. */
                share?: string;
                /** @description That of the answer before; goes with `offset`. */
                epoch?: number;
                /** @description That of the answer before; goes with `epoch`. */
                offset?: number;
                /** @description Seconds to wait for something new, 60 at most; 25 if absent. */
                wait_s?: number;
                /** @description Values of a fresh snapshot; 2,000 at most. Those of the widget if absent. */
                points?: number;
                /** @description Values a second, of an `upd` and of answers, 50 at most; more of an `upd` are folded. One in the widget's refresh interval if absent. */
                max_hz?: number;
                /** @description Of a fresh snapshot: the history from this time on, in milliseconds since 1970, in at most `points` (2,000) points. Not looked at with a place. */
                from?: number;
            };
            header?: never;
            path: {
                /** @description the widget, by its `id` */
                widget: components["schemas"]["WidgetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description what is new */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Polled"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_shared: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SharedDashboard"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    list_shared_samples: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the widget, by its `id` or its `widget_id` */
                widget: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WidgetSamples"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    show_shared_data: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the widget, by its `id` or its `widget_id` */
                widget: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WidgetData"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Busy"];
        };
    };
    alive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `ok` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `ready` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            503: components["responses"]["Busy"];
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the metrics */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
}
